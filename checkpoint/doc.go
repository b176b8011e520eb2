// Package checkpoint saves a run's variables as TensorFlow V2 bundles. Start with
// [NewSaver], which adds save and restore operations to a graph, [Load], which reads
// the values without a session, and [Dir], the folder RUN/checkpoints.
//
// A checkpoint has four files: NAME.data-00000-of-00001 and NAME.index, which
// tf.train.load_checkpoint and TF1's Saver read; NAME.json, its description; and the
// shared text file `checkpoint`, which names the newest. All are written under
// temporary names, synced, and renamed in that order: at any time all earlier
// checkpoints are intact. The description has a checksum of itself and of the index,
// which has one for each variable, so that [Dir.Newest] detects any flipped bit.
package checkpoint
