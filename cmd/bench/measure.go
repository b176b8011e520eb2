package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"alexnet/tfgraph"
)

// measure runs all parts of the benchmark.
func measure(ctx context.Context, s settings, images string) (*report, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "alexnet-bench-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t, err := newTask(s, images, dir)
	if err != nil {
		return nil, err
	}
	r := &report{Command: os.Args, Machine: machineHere(), Settings: s, Images: images,
		Train: len(t.Train), Val: len(t.Val), Network: t.Network}
	b := &bench{settings: s, task: t}
	for i, do := range []func(context.Context) error{b.jobs, b.steps, b.limits} {
		if slices.Contains(s.Parts, parts[i]) {
			if err := do(ctx); err != nil {
				return nil, err
			}
		}
	}
	r.Jobs, r.Rows = b.outcomes, b.rows
	return r, nil
}

// bench is a measurement in progress.
type bench struct {
	settings
	task     task
	outcomes []*outcome
	rows     []row
	folders  int
}

// with returns the task with another batch size and an empty folder of its own.
func (b *bench) with(batch int) task {
	t := b.task
	b.folders++
	t.Batch, t.Dir = batch, filepath.Join(b.task.Dir, strconv.Itoa(b.folders))
	return t
}

// machine describes the machine.
type machine struct {
	Processor  string `json:"processor"`
	Cores      int    `json:"cores"`
	TensorFlow string `json:"tensorflow"`
	BFloat16   bool   `json:"bfloat16"` // in hardware
}

func machineHere() machine {
	return machine{Processor: processor(), Cores: runtime.NumCPU(), TensorFlow: tfgraph.Version(), BFloat16: tfgraph.HasBFloat16()}
}

// processor is the model name that Linux reports.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(strings.TrimSpace(name), ": \t")
		}
	}
	return runtime.GOARCH
}
