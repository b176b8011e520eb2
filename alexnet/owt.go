package alexnet

// OWT is the network of Krizhevsky 2014 ("One weird trick for parallelizing convolutional neural networks") as
// torchvision publishes it (torchvision.models.alexnet): no normalization and no groups, and dropout before the fully
// connected layers instead of after them.
var OWT = Architecture{
	Name: "owt", LearningRate: 1e-2, torchvision: true,
	preprocessing: Preprocessing{
		Resize: Center, Size: 224, CropFrom: 256, Channels: rgb, Scale: 1. / 255,
		MeanRGB: [3]float32{.485, .456, .406}, StdRGB: [3]float32{.229, .224, .225},
	},
	layers: []layer{
		{kind: conv, name: "conv1", out: 64, size: 11, stride: 4, pad: 2},
		{kind: maxPool, name: "pool1", size: 3, stride: 2},

		{kind: conv, name: "conv2", out: 192, size: 5, pad: 2},
		{kind: maxPool, name: "pool2", size: 3, stride: 2},

		{kind: conv, name: "conv3", out: 384, size: 3, pad: 1},
		{kind: conv, name: "conv4", out: 256, size: 3, pad: 1},
		{kind: conv, name: "conv5", out: 256, size: 3, pad: 1},
		{kind: maxPool, name: "pool5", size: 3, stride: 2},

		{kind: flatten, name: "flatten"},
		{kind: dropout, name: "dropout5"},
		{kind: dense, name: "fc6", out: 4096},
		{kind: dropout, name: "dropout6"},
		{kind: dense, name: "fc7", out: 4096},
		{kind: dense, name: "fc8"},
	},
	trainable: []string{"fc6", "fc7", "fc8"},
}
