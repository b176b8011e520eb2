// Package checkpoint keeps a run's variables as TensorFlow V2 bundles. Start
// with [NewSaver], which adds the save and restore nodes to a graph, [Map], which
// gives their values to a graph that only reads them, and [Dir], the folder
// RUN/checkpoints.
//
// A checkpoint is four files: NAME.data-00000-of-00001 and NAME.index, which
// tf.train.load_checkpoint and TF1's Saver read; NAME.json, which says what the
// variables are of; and the shared text file `checkpoint`, which names the
// newest. All are written under other names first, and get their own, in that
// order, once they are on the disk: at any moment the folder holds every earlier
// checkpoint unharmed. The description has a checksum of itself and of the index,
// which has one of each variable, so that [Dir.Newest] can tell a checkpoint that is
// whole from one that is not, to the last bit.
package checkpoint
