package alexnet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/internal/parity"
	"alexnet/internal/testenv"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// training is one of the reference's traces.
type training struct {
	Name      string        `json:"name"`
	Optimizer ops.Optimizer `json:"optimizer"`
	Rate      float32       `json:"rate"`
	Steps     int           `json:"steps"`
	Dropout   float32       `json:"dropout"`
	Seed      int64         `json:"seed"`
}

// scenario is a job of scripts/reference/alexnet.py.
type scenario struct {
	config     alexnet.Config
	testImages []int // of testImages
	labels     []int32
	traces     []training

	tried     bool
	reference parity.Reference
	weights   [][]float32
}

var (
	small = &scenario{
		config: tiny, testImages: []int{0, 4, 5, 8}, labels: []int32{0, 3, 4, 1},
		traces: []training{
			{"gd", ops.GradientDescent, 2e-5, 10, 0.5, 11},
			{"momentum", ops.Momentum, 5e-6, 10, 0.5, 12},
			{"adam", ops.Adam, 1e-4, 10, 0.5, 13},
		},
	}
	padded = &scenario{
		config:     alexnet.Config{Arch: "owt", Classes: 5, Widths: []int{8, 12, 16, 12, 8, 20, 16}}.WithDefaults(),
		testImages: []int{0, 4, 5, 8}, labels: []int32{0, 3, 4, 1},
		traces: []training{{"gd", ops.GradientDescent, 4e-2, 10, 0.5, 15}},
	}
	full = &scenario{
		config: alexnet.Config{Classes: 10}.WithDefaults(), testImages: []int{0, 4}, labels: []int32{7, 2},
		traces: []training{{"gd", ops.GradientDescent, 2e-8, 10, 0.5, 14}},
	}
)

// run runs the reference once for all tests and reads the weights it drew.
func (s *scenario) run(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("the reference program takes seconds")
	}
	testenv.Python(t)
	if !s.tried {
		s.tried = true
		path := filepath.Join(t.TempDir(), "weights.npy")
		s.reference = parity.Run(t, "scripts/reference/alexnet.py", map[string]any{
			"config": map[string]any{"arch": s.config.Architecture().Name, "classes": s.config.Classes, "size": s.config.Size,
				"conv": s.config.Widths[:5], "fc": s.config.Widths[5:]},
			"seed": 5, "weights": path, "labels": s.labels, "gradients": true, "traces": s.traces,
			"images": items(t, s.pick(t), s.config, alexnet.Squash),
		})
		s.weights = loadWeights(t, path)
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
	if s.weights == nil {
		t.Fatal("the reference program failed in an earlier test")
	}
}

func (s *scenario) pick(t *testing.T) []testImage {
	all := testImages(t)
	picked := make([]testImage, len(s.testImages))
	for i, n := range s.testImages {
		picked[i] = all[n]
	}
	return picked
}

// harness is the scenario's network with the reference's weights and batch.
func (s *scenario) harness(t *testing.T, lrn alexnet.LRN, r graphOptions) *harness {
	t.Helper()
	tr := newHarness(t, withLRN(s.config, lrn), r)
	tr.batch(t, decodeAll(t, s.config.Preprocessing(alexnet.Squash, true, []string{"cat", "dog"}), s.pick(t)), s.labels)
	tr.start(t, s.weights)
	return tr
}

func TestPreprocessingAgrees(t *testing.T) {
	all := testImages(t)
	for arch, tolerance := range map[string]parity.Tolerance{
		"bvlc": {Why: "the same kernels on the same bytes: nothing may differ"},
		"owt":  {Max: 2e-7, Norm: 1e-7, Why: "TensorFlow multiplies by the reciprocal of a constant divisor"},
	} {
		config := alexnet.Config{Arch: arch}
		ref := parity.Run(t, "scripts/reference/preprocessing.py", map[string]any{
			"items": items(t, all, config.WithDefaults(), alexnet.Resizes...),
		})
		for _, resize := range alexnet.Resizes {
			t.Run(arch+"/"+string(resize), func(t *testing.T) {
				cmp := parity.Against(t, ref, string(resize)+"/")
				for _, p := range all {
					got := decodeAll(t, config.Preprocessing(resize, true, []string{"cat", "dog"}), []testImage{p})
					cmp.Check(p.name, parity.Tensor{Shape: got.Shape[1:], Data: got.Data}, tolerance)
				}
			})
		}
	}
}

func TestActivationsAgree(t *testing.T) {
	tolerance := parity.Tolerance{Max: 1e-4, Norm: 1e-4,
		Why: "sums of up to 9216 float32 products run in another order, and errors add up over eight layers"}
	for _, s := range []*scenario{small, padded, full} {
		for _, lrn := range bothLRN {
			t.Run(fmt.Sprintf("%d/%s", s.config.Size, lrn), func(t *testing.T) {
				s.run(t)
				tr := s.harness(t, lrn, graphOptions{})
				cmp := parity.Against(t, s.reference, "activations/")
				var fetches []tf.Output
				for _, a := range tr.net.Activations {
					fetches = append(fetches, a.Output)
				}
				for i, got := range tr.run(t, nil, append(fetches, tr.loss)) {
					if i == len(fetches) {
						parity.Against(t, s.reference, "loss").Check("", got, tolerance)
						break
					}
					cmp.Check(tr.net.Activations[i].Name, got, tolerance)
				}
			})
		}
	}
}

// Where the two largest values of a pool's window are nearly equal, a tiny error
// decides which of them gets the whole gradient. So both LRN forms are held to a
// narrow bound with norm1 and norm2 fed from the reference, which gives the same
// maxima, and to a wide one with their own.
func TestGradientsAgree(t *testing.T) {
	for _, c := range []struct {
		name      string
		pinned    []string
		tolerance parity.Tolerance
	}{
		{"same maxima", []string{"norm1", "norm2"}, parity.Tolerance{Max: 1e-4, Norm: 1e-4,
			Why: "sums run in another order, forwards and backwards"}},
		{"own maxima", nil, parity.Tolerance{Max: 5e-2, Norm: 1e-2,
			Why: "one window of pool2 in 86,528 that takes a different maximum changes conv1/weights by 1.7e-3 in norm"}},
	} {
		for _, s := range []*scenario{small, padded, full} {
			for _, lrn := range bothLRN {
				t.Run(fmt.Sprintf("%d/%s/%s", s.config.Size, lrn, c.name), func(t *testing.T) {
					s.run(t)
					tr := s.harness(t, lrn, graphOptions{gradients: allGradients})
					tr.pin(t, s.reference, c.pinned)
					cmp := parity.Against(t, s.reference, "gradients/")
					for i, got := range tr.run(t, nil, tr.gradients) {
						cmp.Check(tr.net.Variables[i].Name, got, c.tolerance)
					}
				})
			}
		}
	}
}

// pin feeds the named layers from the reference in every run.
func (tr *harness) pin(t *testing.T, r parity.Reference, layers []string) {
	t.Helper()
	for _, a := range tr.net.Activations {
		if slices.Contains(layers, a.Name) {
			value := r["activations/"+a.Name]
			tr.inputs[a.Output] = tensor(t, value.Data, value.Shape...)
		}
	}
}

func TestTrainingAgrees(t *testing.T) {
	tolerance := parity.Tolerance{Max: 1e-4, Norm: 1e-4, Why: "ten updates accumulate the differences of the gradients"}
	for _, s := range []*scenario{small, padded, full} {
		for _, plan := range s.traces {
			t.Run(fmt.Sprintf("%d/%s", s.config.Size, plan.Name), func(t *testing.T) {
				s.run(t)
				tr := s.harness(t, alexnet.LRNOps, graphOptions{dropout: s.config.Architecture().LayerNames(), optimizer: plan.Optimizer})
				cmp := parity.Against(t, s.reference, "traces/"+plan.Name+"/")
				last := plan.Steps - 1
				unchanged := tr.run(t, tr.step(t, plan, last), []tf.Output{tr.loss})[0]
				var got parity.Tensor
				for step := range plan.Steps {
					got = tr.run(t, tr.step(t, plan, step), []tf.Output{tr.loss}, tr.update.Op)[0]
					cmp.Check(strconv.Itoa(step), got, tolerance)
				}
				// The masks alone change the loss: only the change by the updates proves them.
				if d, err := parity.Compare(got, unchanged, tolerance); err == nil || d.Ratio() < 100*tolerance.Max {
					t.Errorf("without updates the last loss differs by only %v: such a trace proves nothing", d)
				}
			})
		}
	}
}

// step feeds one step of a training.
func (tr *harness) step(t *testing.T, plan training, step int) tfgraph.Feeds {
	t.Helper()
	return tfgraph.Feeds{
		tr.net.DropoutRate:     tensor(t, []float32{plan.Dropout}),
		tr.net.DropoutSeed:     tensor(t, []int64{plan.Seed, int64(step)}, 2),
		tr.update.LearningRate: tensor(t, []float32{plan.Rate}),
		tr.update.Step:         tensor(t, []int64{int64(step)}),
	}
}

// dropoutCase and initializerCase are jobs of scripts/reference/draws.py.
type dropoutCase struct {
	Name  string   `json:"name"`
	Seed  [2]int64 `json:"seed"`
	Salt  int64    `json:"salt"`
	Rate  float32  `json:"rate"`
	Shape []int64  `json:"shape"`
}

type initializerCase struct {
	Name     string  `json:"name"`
	Seed     int64   `json:"seed"`
	Variable string  `json:"variable"`
	Shape    []int64 `json:"shape"`
}

func TestRandomNumbersAgree(t *testing.T) {
	draws := []dropoutCase{
		{"dropout/first", [2]int64{0, 0}, 6, 0.5, []int64{3, 4096}},
		{"dropout/other layer", [2]int64{0, 0}, 7, 0.5, []int64{3, 4096}},
		{"dropout/later step", [2]int64{42, 1 << 40}, 6, 0.25, []int64{1, 17}},
		{"dropout/negative seed", [2]int64{-5, 9}, 7, 0.875, []int64{2, 33}},
	}
	starts := []initializerCase{
		{"initial/fc8", 1, "fc8/weights", []int64{4096, 3}},
		{"initial/conv1", 1, "conv1/weights", []int64{11, 11, 3, 96}},
		{"initial/other seed", -7, "fc8/weights", []int64{16, 5}},
	}
	ref := parity.Run(t, "scripts/reference/draws.py", map[string]any{"dropouts": draws, "initials": starts})
	cmp := parity.Against(t, ref, "")
	same := parity.Tolerance{Why: "random bits are integers, followed by one division or product"}
	for _, d := range draws {
		cmp.Check(d.Name, d.ones(t), same)
	}
	for _, s := range starts {
		cmp.Check(s.Name, s.values(t), same)
	}
}

// ones is dropout applied to ones.
func (d dropoutCase) ones(t *testing.T) parity.Tensor {
	root := op.NewScope()
	x := op.Fill(root, tfgraph.Const(root, "shape", d.Shape), tfgraph.Const(root, "one", float32(1)))
	y := ops.Dropout(root.SubScope("dropout"), x, tfgraph.Const(root, "rate", d.Rate), tfgraph.Const(root, "seed", d.Seed), d.Salt)
	return (&harness{session: open(t, root)}).run(t, nil, []tf.Output{y})[0]
}

// values are the variable's initial values.
func (s initializerCase) values(t *testing.T) parity.Tensor {
	root := op.NewScope()
	v := ops.NewVariable(root, s.Variable, s.Shape...)
	assign := ops.GlorotNormal(root, v, s.Seed)
	tr := &harness{session: open(t, root)}
	tr.run(t, nil, nil, assign)
	return tr.run(t, nil, []tf.Output{v.Value})[0]
}
