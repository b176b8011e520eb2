package train_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
	"alexnet/train"
)

// The network of the paper has 60,965,224 parameters, 58,631,144 of them in fc6,
// fc7 and fc8, and reads images of 227x227x3.
func TestMemoryEstimateOfThePapersNetwork(t *testing.T) {
	const all, head, image, feature = 4 * 60965224, 4 * 58631144, 4 * 227 * 227 * 3, 4 * 9216
	s := newFixture(t, 0, 0)
	s.network = alexnet.Config{Classes: 1000}.WithDefaults()
	s.train = make([]input.Example, 3000)
	convolutions, connected := alexnet.BVLC.LayerNames(), alexnet.BVLC.LayerNames()[5:]
	for name, c := range map[string]struct {
		layers     []string
		cfg        train.Config
		cache      train.Cache
		want       train.MemoryEstimate // without Activations
		activation int64                // at least, for an image
		at         int64                // images computed at once
	}{
		"all layers": {convolutions, train.Config{Batch: 128, Optimizer: ops.GradientDescent}, train.Cache{},
			train.MemoryEstimate{Variables: all, Gradients: all, Images: 3 * 128 * image}, 4 * 7 * 55 * 55 * 96, 128},
		"all layers, many at once": {convolutions, train.Config{Batch: 1024, Optimizer: ops.Adam}, train.Cache{},
			train.MemoryEstimate{Variables: all, Slots: 2 * all, Gradients: all, Accumulators: all, Images: 3 * 128 * image}, 4 * 7 * 55 * 55 * 96, 128},
		"all layers, few at once": {convolutions, train.Config{Batch: 1024, MicroBatch: 16, Optimizer: ops.Momentum}, train.Cache{},
			train.MemoryEstimate{Variables: all, Slots: all, Gradients: all, Accumulators: all, Images: 3 * 16 * image}, 4 * 7 * 55 * 55 * 96, 16},
		"head": {connected, train.Config{Batch: 1024, Optimizer: ops.GradientDescent}, train.Cache{},
			train.MemoryEstimate{Variables: all, Gradients: head, Images: 3 * 32 * image, Features: (1024 + 3000) * feature}, 4 * 12 * 4096, 1024},
		"head, little kept": {connected, train.Config{Batch: 128, Optimizer: ops.GradientDescent}, train.Cache{Budget: 1000},
			train.MemoryEstimate{Variables: all, Gradients: head, Images: 3 * 32 * image, Features: 128 * feature}, 4 * 12 * 4096, 128},
		"head, flipped, cached in float16": {connected, train.Config{Batch: 128, Augment: train.FlipAugment, Optimizer: ops.GradientDescent}, train.Cache{Half: true},
			train.MemoryEstimate{Variables: all, Gradients: head, Images: 3 * 32 * image, Features: 128*feature + 2*3000*(feature/2+2)}, 4 * 12 * 4096, 128},
		"head, none kept": {connected, train.Config{Batch: 2048, Optimizer: ops.Momentum}, train.Cache{Off: true},
			train.MemoryEstimate{Variables: all, Slots: head, Gradients: head, Accumulators: head, Images: 3 * 32 * image, Features: 1024 * feature}, 4 * 12 * 4096, 1024},
	} {
		t.Run(name, func(t *testing.T) {
			one := *s
			one.layers, one.cache = c.layers, c.cache
			job := one.job(t, c.cfg, t.TempDir(), nil)
			got := train.EstimateMemory(c.cfg, job)
			if most := 4 * c.activation * c.at; got.Activations < c.activation*c.at || got.Activations > max(most, 1<<28) {
				t.Errorf("got activations of %d bytes, want %d to %d", got.Activations, c.activation*c.at, most)
			}
			total := got.Total()
			if rest := total - got.Activations - got.Program; rest != c.want.Total() {
				t.Errorf("got %d bytes in all without program and activations, want %d", rest, c.want.Total())
			}
			got.Activations, got.Program = 0, 0
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// What is stated is kept to, and is not far more than what is needed, by the
// network of the paper in batches of 1024, and in 256 in two parts.
func TestMemoryStaysWithinEstimate(t *testing.T) {
	if os.Getenv(soakVar) != "1" {
		t.Skipf("takes minutes: scripts/soak runs it, or %s=1", soakVar)
	}
	for name, c := range map[string]struct {
		layers []string
		batch  int
	}{
		"all layers": {alexnet.BVLC.LayerNames(), 256},
		"head":       {alexnet.BVLC.LayerNames()[5:], 1024},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFixture(t, 8, 0)
			s.network = alexnet.Config{Classes: 2}.WithDefaults()
			s.preprocessing = s.network.Preprocessing(alexnet.Squash, true, classes)
			decoder, err := alexnet.NewDecoder(s.preprocessing, tfgraph.Options{})
			must(t, err)
			defer decoder.Close()
			s.decoder, s.layers = decoder, c.layers
			s.train = slices.Repeat(s.train, c.batch/8)
			cfg := train.Config{Epochs: 2, Batch: c.batch, LearningRate: 1e-4, Optimizer: ops.GradientDescent, Dropout: .5, DisplayEvery: 1}
			job := s.job(t, cfg, t.TempDir(), nil)
			stated := train.EstimateMemory(cfg, job)
			if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
				t.Skipf("NOT TESTED: the peak of resident memory cannot be set back here: %v", err)
			}
			must(t, runJob(context.Background(), cfg, job))
			got := peak(t)
			t.Logf("got %d MiB, stated %d MiB: %+v", got>>20, stated.Total()>>20, stated)
			if got > stated.Total() || got < stated.Total()/3 {
				t.Errorf("got a peak of %d MiB, want at most the %d MiB stated, and no less than a third", got>>20, stated.Total()>>20)
			}
		})
	}
}

// peak is the most resident memory that the process has had, in bytes (proc(5),
// VmHWM in /proc/pid/status).
func peak(t *testing.T) (bytes int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &bytes); err == nil {
			return bytes << 10
		}
	}
	t.Fatal("got no VmHWM in /proc/self/status")
	return 0
}
