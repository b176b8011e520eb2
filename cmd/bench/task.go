package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/weights"
)

// task is the work of one program, the same for all that are compared.
type task struct {
	Images  string         `json:"images"` // as given on the command line
	Train   []example      `json:"train"`
	Val     []example      `json:"val"`
	Classes []string       `json:"classes"`
	Weights string         `json:"weights"` // conv1 to conv5
	Network alexnet.Config `json:"network"`
	Batch   int            `json:"batch"`
	Epochs  int            `json:"epochs"`
	Rate    float64        `json:"learning_rate"`
	Seed    uint64         `json:"seed"`
	Rows    int            `json:"rows"`   // images that a worker reads
	Side    int64          `json:"side"`   // of the matrices multiplied
	Copied  int            `json:"copied"` // MiB
	Dir     string         `json:"dir"`    // an empty folder that the bench removes
}

type example struct {
	Path  string `json:"path"`
	Label int    `json:"label"`
}

// newTask opens the dataset and draws random convolutions if no weights file is named.
func newTask(s settings, images, dir string) (task, error) {
	data, err := input.Open(images, input.Options{})
	if err != nil {
		return task{}, err
	}
	if len(data.Val) == 0 {
		return task{}, fmt.Errorf("open images %q: no validation images, want a folder that holds train and val or test", images)
	}
	network := s.Network
	network.Classes = len(data.Classes)
	t := task{Images: images, Train: labeled(data.Train), Val: labeled(data.Val), Classes: data.Classes,
		Weights: s.Weights, Network: network.WithDefaults(), Batch: s.Batch, Rate: s.Rate, Seed: s.Seed,
		Side: s.Side, Copied: s.Copied, Dir: dir}
	if t.Weights == "" {
		t.Weights = filepath.Join(dir, "drawn.npy")
		err = drawWeights(t.Weights, t.Network)
	}
	return t, err
}

func labeled(examples []input.Example) []example {
	found := make([]example, len(examples))
	for i, ex := range examples {
		found[i] = example{ex.Path, ex.Label}
	}
	return found
}

// drawWeights writes convolutions with He initialization: they recognize nothing, but take as long as learned ones.
func drawWeights(path string, network alexnet.Config) error {
	random := rand.New(rand.NewPCG(1, 2))
	var layers []weights.Layer
	for _, l := range network.Layers()[:5] {
		outputs := int(l.Biases[0])
		layer := weights.Layer{Name: l.Name, Weights: &weights.Array{Shape: ints(l.Weights)},
			Biases: &weights.Array{Shape: ints(l.Biases), Data: make([]float32, outputs)}}
		values := int(l.Parameters()) - outputs
		deviation := math.Sqrt(2 / float64(values/outputs))
		for range values {
			layer.Weights.Data = append(layer.Weights.Data, float32(deviation*random.NormFloat64()))
		}
		layers = append(layers, layer)
	}
	return weights.Write(path, layers...)
}

func ints(shape []int64) []int {
	found := make([]int, len(shape))
	for i, n := range shape {
		found[i] = int(n)
	}
	return found
}

// file writes the task to a file and returns its path.
func (t task) file() (string, error) {
	if err := os.MkdirAll(t.Dir, 0o777); err != nil {
		return "", fmt.Errorf("write task: %w", err)
	}
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("write task: %w", err)
	}
	path := filepath.Join(t.Dir, "task.json")
	return path, os.WriteFile(path, text, 0o666)
}

func readTask(path string) (t task, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &t)
	}
	if err != nil {
		return t, fmt.Errorf("read task %q: %w", path, err)
	}
	return t, nil
}
