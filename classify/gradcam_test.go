package classify

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/parity"
	"alexnet/internal/weights"
	"alexnet/tfgraph"
)

// noise is n random network inputs.
func noise(n, side int) []float32 {
	random := rand.New(rand.NewPCG(7, 9))
	pixels := make([]float32, n*side*side*3)
	for i := range pixels {
		pixels[i] = float32(random.IntN(256)) - 118
	}
	return pixels
}

func imagesOf(t testing.TB, pixels []float32, side int) *tfgraph.Tensor {
	t.Helper()
	images, err := tfgraph.Of(pixels, int64(len(pixels)/(side*side*3)), int64(side), int64(side), 3)
	must(t, err)
	t.Cleanup(images.Close)
	return images
}

func gradCAM(t testing.TB, c *Model) *GradCAM {
	t.Helper()
	g, err := c.NewGradCAM(tfgraph.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, g.Close()) })
	return g
}

// fetched are outputs of one run for classes, with features fed unless nil.
func (g *GradCAM) fetched(t testing.TB, images *tfgraph.Tensor, classes []int32, features *tfgraph.Tensor, outputs ...tf.Output) []parity.Tensor {
	t.Helper()
	labels, err := tfgraph.Of(classes, int64(len(classes)))
	must(t, err)
	defer labels.Close()
	feeds := tfgraph.Feeds{g.images: images, g.classes: labels}
	if features != nil {
		feeds[g.features] = features
	}
	out, err := g.run(context.Background(), feeds, outputs...)
	must(t, err)
	defer tfgraph.CloseAll(out)
	var all []parity.Tensor
	for _, o := range out {
		all = append(all, parity.Tensor{Shape: o.Shape(), Data: slices.Clone(tfgraph.Data[float32](o))})
	}
	return all
}

// saved is a model with the weights of a file, in a run directory of its own.
func saved(t *testing.T, config alexnet.Config, path string) *Model {
	t.Helper()
	file, err := weights.Open(path)
	must(t, err)
	plan, err := alexnet.NewPlan(config, file, alexnet.Selection{Train: []string{"fc8"}, Strict: true})
	must(t, err)
	root := op.NewScope()
	net := alexnet.Build(root, config)
	start, saver := plan.Initializer(root, net, 1), checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	must(t, err)
	session, err := tfgraph.Open(def, tfgraph.Options{})
	must(t, err)
	defer session.Close()
	must(t, start(t.Context(), session))
	dir, names := t.TempDir(), make([]string, config.Classes)
	for i := range names {
		names[i] = fmt.Sprint("class ", i)
	}
	description := alexnet.Description{Network: config, Preprocessing: config.Preprocessing(alexnet.Squash, true, names)}
	m := checkpoint.Meta{Name: checkpoint.Name(1, 0, 1), Step: 1, Epoch: 1, Model: description.JSON()}
	must(t, checkpoint.Dir(dir).Save(t.Context(), session, saver, m, 0))
	return open(t, dir)
}

func TestGradCAMAgreesWithPython(t *testing.T) {
	if testing.Short() {
		t.Skip("the reference program takes seconds")
	}
	widths := []int{8, 12, 16, 12, 8, 20, 16}
	tolerance := parity.Tolerance{Max: 1e-4, Norm: 1e-4, Why: "another order of summation, forward and backward"}
	for _, size := range []int{67, 227} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			config := alexnet.Config{Classes: 5, Size: size, Widths: widths}
			pixels, classes := noise(4, size), []int32{4, 0, 2, 2}
			weights := filepath.Join(t.TempDir(), "weights.npy")
			reference := parity.Run(t, "scripts/reference/gradcam.py", map[string]any{
				"config": map[string]any{"classes": 5, "size": size, "conv": widths[:5], "fc": widths[5:]},
				"seed":   5, "weights": weights, "images": pixels, "classes": classes,
			})
			g := gradCAM(t, saved(t, config, weights))
			images := imagesOf(t, pixels, size)
			got := g.fetched(t, images, classes, nil, g.channels, g.maps)
			cmp := parity.Against(t, reference, "")
			cmp.Check("channels", got[0], tolerance)
			cmp.Check("maps", got[1], tolerance)
			heat, err := g.Maps(t.Context(), images, classes)
			must(t, err)
			for i, h := range heat {
				for k, v := range h.Values {
					if want := got[1].Data[i*h.Side*h.Side+k]; v != want {
						t.Fatalf("image %d, value %d: got %v, want %v", i, k, v, want)
					}
				}
			}
		})
	}
}

// A channel's weight is the derivative of the logit with respect to the mean of the channel.
func TestGradCAMAgainstFiniteDifferences(t *testing.T) {
	g := gradCAM(t, open(t, trained(t)))
	images, classes := imagesOf(t, noise(2, tiny.Size), tiny.Size), []int32{1, 0}
	out := g.fetched(t, images, classes, nil, g.channels, g.features)
	channels, conv5 := out[0], out[1]
	n, units, k := int(conv5.Shape[0]), int(conv5.Shape[1]*conv5.Shape[2]), int(conv5.Shape[3])
	scale := 0.0
	for _, v := range channels.Data {
		scale = max(scale, math.Abs(float64(v)))
	}
	if scale == 0 {
		t.Fatal("all gradients are 0: the test is vacuous")
	}
	const step = 0.25
	raised := func(channel int, by float32) []float32 {
		values := slices.Clone(conv5.Data)
		for i := channel; i < len(values); i += k {
			values[i] += by
		}
		features, err := tfgraph.Of(values, conv5.Shape...)
		must(t, err)
		defer features.Close()
		return g.fetched(t, images, classes, features, g.logits)[0].Data
	}
	for channel := range k {
		up, down := raised(channel, step), raised(channel, -step)
		for i := range n {
			want := float64(up[i]-down[i]) / (2 * step * float64(units))
			if got := float64(channels.Data[i*k+channel]); math.Abs(got-want) > 1e-2*scale {
				t.Errorf("image %d, channel %d: got %v, want %v by finite differences", i, channel, got, want)
			}
		}
	}
}

func TestGradCAMRefuses(t *testing.T) {
	g := gradCAM(t, open(t, trained(t)))
	images := imagesOf(t, noise(2, tiny.Size), tiny.Size)
	for name, classes := range map[string][]int32{"one class for two images": {0}, "three for two": {0, 1, 0}, "an unknown class": {0, 2}, "a negative class": {-1, 0}} {
		if _, err := g.Maps(t.Context(), images, classes); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
