package alexnet_test

import (
	"slices"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/alexnet"
	"alexnet/tfgraph"
)

// The boundary is after the pool and norm of the layer below, and before its dropout.
func TestBoundary(t *testing.T) {
	all := alexnet.BVLC.LayerNames()
	cases := map[string]struct {
		trained, dropout []string
		want             string // "" where nothing is frozen below
		width            []int64
	}{
		"all":                     {trained: all},
		"conv1 alone":             {trained: all[:1]},
		"conv1 and fc8":           {trained: []string{"fc8", "conv1"}},
		"no layer":                {},
		"an unknown name":         {trained: []string{"fc9"}},
		"conv2…":                  {all[1:], nil, "pool1", []int64{7, 7, 8}},
		"conv3…":                  {all[2:], nil, "pool2", []int64{3, 3, 12}},
		"conv4…":                  {all[3:], nil, "conv3", []int64{3, 3, 16}},
		"conv5…":                  {all[4:], nil, "conv4", []int64{3, 3, 12}},
		"fc6…":                    {all[5:], []string{"fc6", "fc7"}, "pool5", []int64{1, 1, 8}},
		"fc7…":                    {all[6:], []string{"fc7"}, "fc6", []int64{20}},
		"fc8":                     {all[7:], nil, "fc7", []int64{16}},
		"fc8, with dropout":       {all[7:], all[7:], "fc7", []int64{16}},
		"a gap":                   {[]string{"fc8", "fc6"}, []string{"fc6"}, "pool5", []int64{1, 1, 8}},
		"order does not matter":   {[]string{"fc8", "fc7", "conv5"}, nil, "conv4", []int64{3, 3, 12}},
		"the same layer repeated": {[]string{"fc8", "fc8", "fc8"}, nil, "fc7", []int64{16}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			net, _, _ := build(t, tiny, c.dropout...)
			got, ok := net.Boundary(c.trained)
			if ok != (c.want != "") || ok != (got.Op != nil) {
				t.Fatalf("got %v, %v, want %q", got, ok, c.want)
			}
			if !ok {
				return
			}
			i := slices.IndexFunc(net.Activations, func(a alexnet.Activation) bool { return a.Output == got })
			if i < 0 || net.Activations[i].Name != c.want {
				t.Errorf("got output %q, want the output of %s", got.Op.Name(), c.want)
			}
			shape, err := got.Shape().ToSlice()
			if err != nil || shape[0] != -1 || !slices.Equal(shape[1:], c.width) {
				t.Errorf("got shape %v, %v, want a batch of %v", shape, err, c.width)
			}
		})
	}
}

// Features hardly depend on the batch size.
func TestFeaturesDoNotDependOnBatchSize(t *testing.T) {
	config := alexnet.Config{Classes: 2, Widths: []int{96, 256, 384, 384, 256, 8, 8}}.WithDefaults()
	tr := newHarness(t, config, graphOptions{})
	tr.start(t, randomWeights(config, 1))
	pool5, _ := tr.net.Boundary([]string{"fc6"})
	images := randomImages(config, 64, 2)
	features := func(from, to int) []float32 {
		row := config.Size * config.Size * 3
		feed := tensor(t, images.Data[from*row:to*row], int64(to-from), 227, 227, 3)
		return tr.run(t, tfgraph.Feeds{tr.net.Images: feed}, []tf.Output{pool5})[0].Data
	}
	at64 := features(0, 64)
	var at16 []float32
	for from := 0; from < 64; from += 16 {
		at16 = append(at16, features(from, from+16)...)
	}
	if off := distance(at16, at64); off > 1e-5 {
		t.Errorf("got a relative error of %.3g, want at most 1e-5", off)
	}
}

// Dropout before a trained layer acts on the features, so that the boundary lies below it.
func TestDropoutNextToTrainedLayers(t *testing.T) {
	owt := alexnet.Config{Arch: "owt", Classes: 5, Widths: []int{8, 12, 16, 12, 8, 20, 16}}.WithDefaults()
	cases := map[string]struct {
		config   alexnet.Config
		trained  []string
		dropouts []string
		boundary string
	}{
		"owt, fc6…":         {owt, []string{"fc6", "fc7", "fc8"}, []string{"dropout5", "dropout6"}, "pool5"},
		"owt, fc7…":         {owt, []string{"fc7", "fc8"}, []string{"dropout6"}, "fc6"},
		"owt, fc8":          {owt, []string{"fc8"}, nil, "fc7"},
		"owt, convolutions": {owt, []string{"conv4", "conv5"}, []string{"dropout5"}, "conv3"},
		"bvlc, fc6…":        {tiny, []string{"fc6", "fc7", "fc8"}, []string{"dropout6", "dropout7"}, "pool5"},
		"bvlc, fc8":         {tiny, []string{"fc8"}, []string{"dropout7"}, "fc7"},
		"none":              {owt, nil, nil, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			net, _, _ := build(t, c.config, c.trained...)
			var dropouts []string
			boundary, name := "", ""
			want, _ := net.Boundary(c.trained)
			for _, a := range net.Activations {
				if name = a.Name; strings.HasPrefix(name, "dropout") {
					dropouts = append(dropouts, name)
				}
				if a.Output == want {
					boundary = name
				}
			}
			if !slices.Equal(dropouts, c.dropouts) || boundary != c.boundary {
				t.Errorf("got dropout layers %v above %q, want %v above %q", dropouts, boundary, c.dropouts, c.boundary)
			}
		})
	}
}
