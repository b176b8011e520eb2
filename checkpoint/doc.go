// Package checkpoint keeps a run's variables as TensorFlow V2 bundles. Start
// with [NewSaver], which adds the save and restore nodes to a graph, [Map], which
// gives their values to a graph that only reads them, and [Dir], the folder
// RUN/checkpoints.
//
// A checkpoint is four files: NAME.data-00000-of-00001 and NAME.index, which
// tf.train.load_checkpoint and TF1's Saver read; NAME.json, which says what the
// variables are of; and the shared text file `checkpoint`, which names the
// newest. They are written in that order, each whole and synced before the next
// one begins, and a name is never used for a second state, so at any moment the
// folder holds every earlier checkpoint unharmed.
package checkpoint
