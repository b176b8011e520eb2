// Package tfgraph runs TensorFlow graphs that were built with graft's op
// builders. Start with [GraphDef], which turns a finished scope into bytes, and
// [Open], which imports those bytes into a [Session].
//
// It is the only package with cgo. graft builds the graph; this layer imports
// its GraphDef into a TF_Graph of its own and runs it there, so that tensors
// live exactly until they are closed, status codes stay typed, and a deadline
// on the context becomes a timeout of the run. A Session may be used from many
// goroutines. Whoever receives a *Tensor closes it; using a closed Session or
// Tensor is an error, never a crash.
package tfgraph
