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

// settings of a measurement.
type settings struct {
	Parts      []string       `json:"parts"`       // of parts
	Peers      string         `json:"peers"`       // of peers
	Epochs     int            `json:"epochs"`      // of this program
	PeerEpochs int            `json:"peer_epochs"` // of the others, and of this program with the large batch
	Horizon    int            `json:"horizon"`     // epochs to extrapolate to
	Goal       float64        `json:"goal"`        // accuracy whose time is reported
	Batch      int            `json:"batch"`       // batch size
	Large      int            `json:"large"`       // the tutorial's batch size
	All        int            `json:"all"`         // batch size where all layers are trained
	Forward    int            `json:"forward"`     // batch size of the frozen layers
	Heads      []int          `json:"heads"`       // batch sizes of fc6–fc8 on given features
	Turns      int            `json:"turns"`       // of each worker
	Steps      int            `json:"steps"`       // steps per turn
	Side       int64          `json:"side"`        // of the matrices multiplied
	Copied     int            `json:"copied"`      // MiB copied
	Rate       float64        `json:"learning_rate"`
	Seed       uint64         `json:"seed"`
	Network    alexnet.Config `json:"network"` // Classes is set from the dataset
	Weights    string         `json:"weights"` // "": random
	Program    string         `json:"program"`
	Python     string         `json:"python"`
	Torch      string         `json:"torch"`
	Out        string         `json:"out"` // folder of JSON and plots
	Progress   io.Writer      `json:"-"`   // progress lines; may be nil
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

// announce prints the next measurement.
func (s settings) announce(what string) {
	if s.Progress != nil {
		fmt.Fprintf(s.Progress, "bench: %s  %s\n", time.Now().Format(time.TimeOnly), what)
	}
}

// register adds the flags that every measurement has.
func (s *settings) register(f *pflag.FlagSet) {
	f.StringVar(&s.Weights, "weights", s.Weights, "pretrained convolutions, a pickled dictionary as .npy (default random ones, which learn little)")
	f.StringVar(&s.Program, "program", s.Program, "the program to measure")
	f.StringVar(&s.Out, "out", s.Out, "folder for JSON and plots")
}

// validate joins all problems, so that a measurement does not fail after minutes.
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
	exists := func(what, path, remedy string) {
		if _, err := os.Stat(path); err != nil {
			errs = append(errs, fmt.Errorf("find %s: %w; %s", what, err, remedy))
		}
	}
	exists("the program", s.Program, "run make build")
	if s.Weights != "" {
		exists("weights", s.Weights, "name another file, or none to use random ones")
	}
	if s.Peers != "none" {
		exists("Python with TensorFlow", s.Python, "run scripts/install-reference, or measure with --peers none")
	}
	if s.Peers == "all" {
		exists("Python with PyTorch", s.Torch, "make bench PEERS=all installs it")
	}
	return errors.Join(errs...)
}
