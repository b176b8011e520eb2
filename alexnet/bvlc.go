package alexnet

import "alexnet/ops"

// BVLC is the network of figure 2 of Krizhevsky et al. 2012 in the one-tower form that BVLC published for Caffe
// (models/bvlc_alexnet): grouped convolutions stand for the paper's two GPUs, and fc6 to fc8 are its last three layers.
var BVLC = Architecture{
	Name: "bvlc", LearningRate: 1e-3,
	preprocessing: Preprocessing{
		Resize: Squash, Size: 227, CropFrom: 256, Channels: bgr, MeanRGB: [3]float32{123.68, 116.779, 103.939},
	},
	layers: []layer{
		{kind: conv, name: "conv1", out: 96, size: 11, stride: 4},
		{kind: lrn, name: "norm1"},
		{kind: maxPool, name: "pool1", size: 3, stride: 2},

		{kind: conv, name: "conv2", out: 256, size: 5, pad: 2, groups: 2},
		{kind: lrn, name: "norm2"},
		{kind: maxPool, name: "pool2", size: 3, stride: 2},

		{kind: conv, name: "conv3", out: 384, size: 3, pad: 1},
		{kind: conv, name: "conv4", out: 384, size: 3, pad: 1, groups: 2},
		{kind: conv, name: "conv5", out: 256, size: 3, pad: 1, groups: 2},
		{kind: maxPool, name: "pool5", size: 3, stride: 2},

		{kind: flatten, name: "flatten"},
		{kind: dense, name: "fc6", out: 4096},
		{kind: dropout, name: "dropout6"},
		{kind: dense, name: "fc7", out: 4096},
		{kind: dropout, name: "dropout7"},
		{kind: dense, name: "fc8"}, // one output per class
	},
	trainable: []string{"fc6", "fc7", "fc8"},
}

// bvlcLRN are the constants of its normalization: local_size 5, alpha 1e-4 over the window, beta 0.75, k 1.
var bvlcLRN = ops.LRNParams{Radius: 2, Bias: 1, Alpha: 2e-5, Beta: 0.75}
