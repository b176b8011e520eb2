package alexnet_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"alexnet/alexnet"
)

// The published network: Caffe's models/bvlc_alexnet, 1000 classes.
func TestLayersAreBVLC(t *testing.T) {
	want := []struct {
		name    string
		weights []int64
	}{
		{"conv1", []int64{11, 11, 3, 96}},
		{"conv2", []int64{5, 5, 48, 256}},
		{"conv3", []int64{3, 3, 256, 384}},
		{"conv4", []int64{3, 3, 192, 384}},
		{"conv5", []int64{3, 3, 192, 256}},
		{"fc6", []int64{9216, 4096}},
		{"fc7", []int64{4096, 4096}},
		{"fc8", []int64{4096, 1000}},
	}
	layers := alexnet.Config{Classes: 1000}.Layers()
	if len(layers) != len(want) {
		t.Fatalf("got %d layers, want %d", len(layers), len(want))
	}
	var sum int64
	for i, l := range layers {
		w := want[i]
		if l.Name != w.name || alexnet.BVLC.LayerNames()[i] != w.name {
			t.Errorf("layer %d: got %q and %q, want %q", i, l.Name, alexnet.BVLC.LayerNames()[i], w.name)
		}
		if out := w.weights[len(w.weights)-1]; !slices.Equal(l.Weights, w.weights) || !slices.Equal(l.Biases, []int64{out}) {
			t.Errorf("%s: got weights %v, biases %v, want %v and [%d]", l.Name, l.Weights, l.Biases, w.weights, out)
		}
		sum += l.Parameters()
	}
	if sum != 60_965_224 {
		t.Errorf("got %d parameters, want 60,965,224", sum)
	}
}

func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		config alexnet.Config
		wants  []string // parts of the error; none where it is valid
	}{
		{"defaults", alexnet.Config{Classes: 2}, nil},
		{"tiny", tiny, nil},
		{"one class", alexnet.Config{Classes: 1}, []string{"classes: got 1"}},
		{"too small", alexnet.Config{Classes: 2, Size: 66}, []string{"size: got 66"}},
		{"smallest", alexnet.Config{Classes: 2, Size: 67}, nil},
		{"odd width", alexnet.Config{Classes: 2, Widths: []int{2, 3, 2, 2, 2, 1, 1}}, []string{"conv2: got 3"}},
		{"too wide", alexnet.Config{Classes: 2, Widths: []int{4098, 2, 2, 2, 4096, 1 << 16, 1<<16 + 1}}, []string{"conv1: got 4098", "fc7: got 65537"}},
		{"too large", alexnet.Config{Classes: 1 << 40, Size: 1 << 40}, []string{"classes: got 1099511627776", "size: got 1099511627776"}},
		{"too few widths", alexnet.Config{Classes: 2, Widths: []int{2, 2}}, []string{"widths: got 2 numbers, want 7, for conv1 to fc7"}},
		{"architecture", alexnet.Config{Arch: "vgg", Classes: 2}, []string{`arch: got "vgg"`}},
		{"lrn", alexnet.Config{Classes: 2, LRN: "none"}, []string{`lrn: got "none"`}},
		{"several problems", alexnet.Config{Classes: 0, Size: -1, LRN: "x", Widths: []int{1, 0, -2, 3, 5, -1, 0}},
			[]string{"classes", "size", "conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "lrn"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.config.WithDefaults().Validate()
			if (err == nil) != (len(c.wants) == 0) {
				t.Fatalf("got error %v, want one with %q", err, c.wants)
			}
			for _, w := range c.wants {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("got error %q, want %q in it", err, w)
				}
			}
		})
	}
}

// Every valid size gives fc6 an input, and a Config survives a round trip through
// JSON.
func TestConfigProperties(t *testing.T) {
	even := rapid.Custom(func(t *rapid.T) int { return 2 * rapid.IntRange(1, 300).Draw(t, "half") })
	rapid.Check(t, func(t *rapid.T) {
		c := alexnet.Config{
			Classes: rapid.IntRange(2, 2000).Draw(t, "classes"),
			Size:    rapid.IntRange(67, 600).Draw(t, "size"),
			LRN:     rapid.SampledFrom(bothLRN).Draw(t, "lrn"),
		}
		for range 5 {
			c.Widths = append(c.Widths, even.Draw(t, "conv"))
		}
		for range 2 {
			c.Widths = append(c.Widths, rapid.IntRange(1, 5000).Draw(t, "fc"))
		}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, l := range c.Layers() {
			if slices.Min(l.Weights) < 1 {
				t.Errorf("%s has weights %v", l.Name, l.Weights)
			}
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back alexnet.Config
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, c) {
			t.Errorf("got %+v and error %v after a round trip, want %+v", back, err, c)
		}
	})
}

func ExampleConfig_Layers() {
	var parameters int64
	for _, l := range (alexnet.Config{Classes: 1000}).Layers() {
		fmt.Println(l.Name, l.Weights)
		parameters += l.Parameters()
	}
	fmt.Println(parameters, "parameters")
	// Output:
	// conv1 [11 11 3 96]
	// conv2 [5 5 48 256]
	// conv3 [3 3 256 384]
	// conv4 [3 3 192 384]
	// conv5 [3 3 192 256]
	// fc6 [9216 4096]
	// fc7 [4096 4096]
	// fc8 [4096 1000]
	// 60965224 parameters
}
