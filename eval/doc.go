// Package eval runs the network forward only. Start with [Open], which loads a
// run's model, and [Evaluate], which measures one over batches of pictures;
// training uses the same Evaluate between its epochs.
//
// Every figure counts pictures, not batches, so a partial last batch weighs what
// it holds. Nothing is dropped out, and pictures enter by the model's own data
// contract.
package eval
