package alexnet_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

// The network for two classes: its input, layers and output.
func ExampleBuild() {
	root := op.NewScope()
	net := alexnet.Build(root, alexnet.Config{Classes: 2}, "fc6", "fc7")
	if root.Err() != nil {
		log.Fatal(root.Err())
	}
	fmt.Println(net.Images.Shape())
	for _, layer := range net.Activations {
		fmt.Println(layer.Name, layer.Output.Shape())
	}
	// Output:
	// [?, 227, 227, 3]
	// conv1 [?, 55, 55, 96]
	// norm1 [?, 55, 55, 96]
	// pool1 [?, 27, 27, 96]
	// conv2 [?, 27, 27, 256]
	// norm2 [?, 27, 27, 256]
	// pool2 [?, 13, 13, 256]
	// conv3 [?, 13, 13, 384]
	// conv4 [?, 13, 13, 384]
	// conv5 [?, 13, 13, 256]
	// pool5 [?, 6, 6, 256]
	// fc6 [?, 4096]
	// dropout6 [?, 4096]
	// fc7 [?, 4096]
	// dropout7 [?, 4096]
	// fc8 [?, 2]
}

// A red image as an input of the network: BGR, minus the mean.
func ExampleDecoder_Decode() {
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{R: 255, A: 255}), image.Point{}, draw.Src)
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		log.Fatal(err)
	}

	config := alexnet.Config{}.Preprocessing(alexnet.Squash, true, []string{"cat", "dog"})
	decoder, err := alexnet.NewDecoder(config, tfgraph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer decoder.Close()
	values := make([]float32, 227*227*3)
	if err := decoder.Decode(context.Background(), file.Bytes(), input.Example{}, 0, values); err != nil {
		log.Fatal(err)
	}
	fmt.Println(values[:3])
	// Output: [-103.939 -116.779 131.32]
}
