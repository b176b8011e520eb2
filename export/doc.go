// Package export writes a trained network as a SavedModel, the folder that
// TensorFlow's own programs, in any language, load and run. Start with [Write] and
// [ReadCard].
//
// The graph takes photographs as they are stored in their files: what the data
// contract asks for is in it, built by the code that training used, and so are the
// class names. It is float32 and has neither dropout nor anything else of training.
// Beside it, in assets.extra, stand a model card for people and one for programs;
// the latter carries what the checkpoint said of itself, so that this program
// rebuilds the network from its own code and never runs a graph that it finds in a
// file. Nothing in the folder depends on when or where it was written: two exports
// of one checkpoint are equal byte for byte. The folder appears under its name whole,
// synced and checked, or not at all.
package export
