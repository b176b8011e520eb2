// Package input turns lists and folders of photographs into checked, ordered
// pictures and those into batches.
//
// Start with [Open], which finds and checks the pictures of a data set, and
// [Loader], which reads, decodes and batches them ahead of whoever trains.
//
// What a file is, its first bytes say, never its name. Nothing here decodes
// pixels for the network: decoding is a function that the caller gives, so
// that the same one serves training and the exported model. Whatever the
// number of goroutines, results come in the same order: examples by name,
// batches by the order asked for, of which the last may be smaller and is
// never dropped. The user's files are only read. A yielded batch belongs to
// the consumer, who closes its Pictures; all others the loader closes itself.
// Everything random is a pure function of the seed, the epoch and the
// picture's name, so a run can be taken up at any position.
package input
