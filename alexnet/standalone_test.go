package alexnet_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

// The standalone graph gives the same pixels as a Decoder.
func TestBuildStandaloneDecoding(t *testing.T) {
	crop, stored, fast := preprocessing(67, alexnet.Crop), preprocessing(67, alexnet.Squash), preprocessing(67, alexnet.Squash)
	stored.Orientation = false
	fast.Decode = alexnet.DecodeFast
	images := testImages(t)
	rotated := images[0]
	for _, o := range []int{-1, 0, 9, 1 << 20} {
		rotated.orientation = o
		images = append(images, rotated)
	}
	for _, side := range []int{2*67 - 1, 2 * 67, 4*67 - 1, 4 * 67, 9 * 67} { // around the changes of the ratio
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, smooth(side+20, side), nil); err != nil {
			t.Fatal(err)
		}
		images = append(images, testImage{"large.jpg", buf.Bytes(), 6})
	}
	for name, c := range map[string]alexnet.Preprocessing{"squash": preprocessing(67, alexnet.Squash), "crop": crop, "center": preprocessing(67, alexnet.Center), "as stored": stored, "fast": fast} {
		t.Run(name, func(t *testing.T) {
			root := op.NewScope()
			graph := c.BuildStandaloneDecoding(root)
			session := open(t, root)
			decoder := newDecoder(t, c)
			want := make([]float32, 67*67*3)
			for _, p := range images {
				size, _, err := image.DecodeConfig(bytes.NewReader(p.bytes))
				if err != nil {
					t.Fatal(err)
				}
				info := input.Example{Header: input.Header{Orientation: p.orientation, Width: size.Width, Height: size.Height}}
				if err := decoder.Decode(context.Background(), p.bytes, info, 0, want); err != nil {
					t.Fatal(err)
				}
				contents, err := tfgraph.Strings([][]byte{p.bytes})
				if err != nil {
					t.Fatal(err)
				}
				orientation, err := tfgraph.Scalar(int32(p.orientation))
				if err != nil {
					t.Fatal(err)
				}
				out, err := session.Run(context.Background(), tfgraph.Feeds{graph.Contents: contents, graph.Orientation: orientation}, []tf.Output{graph.Image})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(tfgraph.Data[float32](out[0]), want) {
					t.Errorf("%s, orientation %d, %dx%d: pixels differ from a Decoder's", p.name, p.orientation, size.Width, size.Height)
				}
				tfgraph.CloseAll(append(out, contents, orientation))
			}
		})
	}
}
