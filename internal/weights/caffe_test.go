package weights

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"alexnet/internal/caffemodel/caffepb"
	"alexnet/internal/hint"
)

// caffeNet is a network with the given order of its layers without weights.
func caffeNet(kinds ...string) *caffepb.Net {
	net := &caffepb.Net{Name: proto.String("AlexNet")}
	add := func(name, kind string, blobs ...*caffepb.Blob) {
		net.Layers = append(net.Layers, &caffepb.Layer{Name: proto.String(name), Type: proto.String(kind), Blobs: blobs})
	}
	blob := func(dims ...int64) *caffepb.Blob {
		b, n := &caffepb.Blob{Shape: &caffepb.Shape{Dims: dims}}, int64(1)
		for _, d := range dims {
			n *= d
		}
		for i := range n {
			b.Data = append(b.Data, float32(i))
		}
		return b
	}
	add("conv1", "Convolution", blob(4, 3, 11, 11), blob(4))
	for _, kind := range kinds {
		add(strings.ToLower(kind)+"1", kind)
	}
	add("conv2", "Convolution", blob(6, 2, 5, 5), blob(6))
	add("scale", "Scale", blob(6))
	add("fc3", "InnerProduct", blob(5, 24), blob(5))
	add("fc4", "InnerProduct", blob(7, 5), blob(7))
	return net
}

// v1 is the network in the form of 2014, in which every blob has four dimensions.
func v1(net *caffepb.Net) *caffepb.Net {
	old := &caffepb.Net{Name: net.Name}
	for _, l := range net.Layers {
		kind := map[string]int32{"Convolution": 4, "InnerProduct": 14, "LRN": 15, "Pooling": 17}[l.GetType()]
		for _, b := range l.Blobs {
			dims := append([]int64{1, 1, 1}, b.Shape.Dims...)
			dims, b.Shape = dims[len(dims)-4:], nil
			for i, to := range []**int32{&b.Num, &b.Channels, &b.Height, &b.Width} {
				*to = proto.Int32(int32(dims[i]))
			}
		}
		old.V1Layers = append(old.V1Layers, &caffepb.V1Layer{Name: l.Name, Type: proto.Int32(kind), Blobs: l.Blobs})
	}
	return old
}

func openCaffe(t *testing.T, net *caffepb.Net) (*File, error) {
	t.Helper()
	encoded, err := proto.Marshal(net)
	must(t, err)
	path := filepath.Join(t.TempDir(), "net.caffemodel")
	must(t, os.WriteFile(path, encoded, 0o600))
	return Open(path)
}

// Layers of a Caffe model of either form have the layout of package alexnet; others are named.
func TestCaffe(t *testing.T) {
	for form, net := range map[string]*caffepb.Net{"today's": caffeNet("ReLU", "LRN", "Pooling"), "2014's": v1(caffeNet("ReLU", "LRN", "Pooling"))} {
		f, err := openCaffe(t, net)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		var got []string
		for _, l := range f.Layers {
			got = append(got, fmt.Sprint(l.Name, l.Weights.Shape, l.Weights.Stored, l.Biases.Shape))
		}
		want := []string{"conv1[11 11 3 4] [4 3 11 11] [4]", "conv2[5 5 2 6] [6 2 5 5] [6]", "fc3[24 5] [5 24] [5]", "fc4[5 7] [7 5] [7]"}
		if !slices.Equal(got, want) || f.Channels != BGR || !slices.Equal(f.Other, []string{"scale/weights"}) {
			t.Errorf("%s: got %q, channels %s, other %q, want %q", form, got, f.Channels, f.Other, want)
		}
		w, _, _ := f.Lookup("fc3") // its inputs are 6 channels of 2x2 pixels
		for out := range 5 {
			for c := range 6 {
				for pixel := range 4 {
					if got, want := w.Data[(pixel*6+c)*5+out], float32(out*24+c*4+pixel); got != want {
						t.Fatalf("%s: fc3[pixel %d, channel %d, %d]: got %v, want %v", form, pixel, c, out, got, want)
					}
				}
			}
		}
	}
}

// CaffeNet has AlexNet's shapes and another order.
func TestCaffeNet(t *testing.T) {
	for _, net := range []*caffepb.Net{caffeNet("Pooling", "LRN"), v1(caffeNet("Pooling", "LRN"))} {
		_, err := openCaffe(t, net)
		if err == nil || !strings.Contains(err.Error(), "got CaffeNet, which pools before it normalizes") || !strings.Contains(hint.Of(err), "bvlc_alexnet") {
			t.Errorf("got %v, hint %q, want CaffeNet named", err, hint.Of(err))
		}
	}
}
