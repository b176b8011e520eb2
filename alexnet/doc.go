// Package alexnet is the network of Krizhevsky, Sutskever and Hinton (NIPS
// 2012) in the one-tower form with grouped convolutions that BVLC published for
// Caffe. Start with [Config] and [Build]; [NewContract] says what a picture must
// look like to enter, and [Contract.Build] makes the graph that gets it there.
//
// Feature maps are float32 NHWC. A picture is 227x227, BGR, ImageNet's mean
// subtracted, not scaled. The package names things after the paper's layers
// (conv1 … fc8) and uses the same word for scope, variable prefix, checkpoint
// key and weights-file key. It prints nothing, and names depend on the Config
// alone.
package alexnet
