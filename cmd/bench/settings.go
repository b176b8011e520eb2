package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"alexnet/alexnet"
)

// settings of a measurement, as they stand in its JSON.
type settings struct {
	Parts      []string       `json:"parts"`       // of parts
	Peers      string         `json:"peers"`       // of peers
	Epochs     int            `json:"epochs"`      // of this program
	PeerEpochs int            `json:"peer_epochs"` // of the others, and of this one with the large batch
	Horizon    int            `json:"horizon"`     // epochs to extrapolate to
	Goal       float64        `json:"goal"`        // accuracy, the time to which is reported
	Batch      int            `json:"batch"`       // pictures an update
	Large      int            `json:"large"`       // the original's batch
	All        int            `json:"all"`         // pictures an update where all layers are trained
	Forward    int            `json:"forward"`     // pictures at once through the frozen layers
	Heads      []int          `json:"heads"`       // pictures an update from given features
	Turns      int            `json:"turns"`       // of each worker
	Steps      int            `json:"steps"`       // updates a turn
	Side       int64          `json:"side"`        // of the matrices multiplied
	Copied     int            `json:"copied"`      // MiB copied
	Rate       float64        `json:"learning_rate"`
	Seed       uint64         `json:"seed"`
	Network    alexnet.Config `json:"network"` // Classes is the data's
	Weights    string         `json:"weights"` // "": drawn
	Program    string         `json:"program"`
	Python     string         `json:"python"`
	Torch      string         `json:"torch"`
	Out        string         `json:"out"` // folder of JSON and plots
	Progress   io.Writer      `json:"-"`   // told what is measured next; may be nil
}

var (
	parts = []string{"jobs", "steps", "limits"}
	peers = []string{"none", "tensorflow", "all"}
)

func defaults() settings {
	return settings{
		Parts: parts, Peers: "tensorflow", Epochs: 10, PeerEpochs: 3, Horizon: 100, Goal: 0.96,
		Batch: 128, Large: 1024, All: 32, Forward: 64, Heads: []int{128, 512},
		Turns: 5, Steps: 2, Side: 4096, Copied: 256, Rate: 1e-3, Seed: 1,
		Program: filepath.Join("bin", "alexnet"), Out: filepath.Join("runs", "bench"),
		Python: filepath.Join(".venv", "bin", "python"), Torch: filepath.Join(".venv-torch", "bin", "python"),
	}
}

// tell says what is measured next.
func (s settings) tell(what string) {
	if s.Progress != nil {
		fmt.Fprintf(s.Progress, "bench: %s  %s\n", time.Now().Format(time.TimeOnly), what)
	}
}

// register adds the flags that every measurement has.
func (s *settings) register(f *pflag.FlagSet) {
	f.StringVar(&s.Weights, "weights", s.Weights, "pretrained convolutions, a pickled dictionary as .npy (default drawn ones, which learn little)")
	f.StringVar(&s.Program, "program", s.Program, "the program to measure")
	f.StringVar(&s.Out, "out", s.Out, "folder for JSON and plots")
}

// validate joins everything that keeps a measurement from beginning, so that
// none ends with an error after minutes.
func (s settings) validate() error {
	var errs []error
	for _, p := range s.Parts {
		if !slices.Contains(parts, p) {
			errs = append(errs, fmt.Errorf("--parts: got %q, want some of %v", p, parts))
		}
	}
	if !slices.Contains(peers, s.Peers) {
		errs = append(errs, fmt.Errorf("--peers: got %q, want one of %v", s.Peers, peers))
	}
	if min(s.Epochs, s.PeerEpochs, s.Turns, s.Steps) < 1 {
		errs = append(errs, errors.New("--epochs, --peer-epochs, --turns and --steps: got less than 1, want at least 1"))
	}
	there := func(what, path, remedy string) {
		if _, err := os.Stat(path); err != nil {
			errs = append(errs, fmt.Errorf("find %s: %w; %s", what, err, remedy))
		}
	}
	there("the program", s.Program, "make build makes it")
	if s.Weights != "" {
		there("weights", s.Weights, "name another file, or none to draw some")
	}
	if s.Peers != "none" {
		there("Python with TensorFlow", s.Python, "run scripts/install-reference, or measure with --peers none")
	}
	if s.Peers == "all" {
		there("Python with PyTorch", s.Torch, "make bench PEERS=all installs it")
	}
	return errors.Join(errs...)
}
