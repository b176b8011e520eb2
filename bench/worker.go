package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/tfgraph"
	"alexnet/train"
)

// enough is more updates than any measurement asks for.
const enough = 10_000

// work is a real run, held between two updates until it is told to go on.
func work(ctx context.Context, o options) error {
	data, err := input.Open(o.data, input.Options{})
	if err != nil {
		return err
	}
	out, err := os.MkdirTemp("", "alexnet-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	contract := alexnet.NewContract(227, alexnet.Squash, true, data.Classes)
	decoder, err := alexnet.NewDecoder(contract, tfgraph.Options{})
	if err != nil {
		return err
	}
	defer decoder.Close()
	var examples []input.Example
	for len(examples) < enough*o.Batch {
		examples = append(examples, data.Train...)
	}
	loader := eval.NewLoader(decoder, contract.Size, examples, o.Batch)
	if !o.Decode {
		loader.Decode = func(context.Context, []byte, input.Example, []float32) error { return nil }
	}

	head := []string{"fc6", "fc7", "fc8"}
	root := op.NewScope()
	net := alexnet.Build(root, alexnet.Config{Classes: len(data.Classes)}, "fc6", "fc7")
	plan, err := alexnet.NewPlan(net.Config, nil, alexnet.Choice{Train: alexnet.LayerNames})
	if err != nil {
		return err
	}
	turns := &turns{in: bufio.NewScanner(os.Stdin), out: os.Stdout}
	err = train.Run(ctx, train.Config{Epochs: 1, Dropout: 0.5, Batch: o.Batch, LearningRate: 1e-6, DisplayEvery: 1 << 30}.WithDefaults(), train.Job{
		Dir: out, Data: train.Data{Train: loader, Classes: data.Classes},
		Start:    plan.Start(root, net, 1),
		Progress: train.Progress{OnStep: turns.step, OnEpoch: turns.epoch},
		Network: train.Network{
			Root: root, Head: eval.NewHead(root, net.Images, net.Logits, net.Config.Classes), Tape: net.Tape,
			Variables: net.Variables, Trained: net.VariablesOf(head), DropRate: net.Dropout.Rate, DropSeed: net.Dropout.Seed,
		},
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// turns stops the run between two updates.
type turns struct {
	in    *bufio.Scanner
	out   io.Writer
	left  int
	began time.Time
}

func (t *turns) epoch(train.Epoch) { t.wait() }

func (t *turns) step(train.Step) {
	if t.left--; t.left > 0 {
		return
	}
	fmt.Fprintln(t.out, time.Since(t.began).Seconds())
	t.wait()
}

// wait ends the process with its standard input.
func (t *turns) wait() {
	if !t.in.Scan() {
		os.Exit(0)
	}
	steps, err := strconv.Atoi(strings.TrimSpace(t.in.Text()))
	if err != nil || steps < 1 {
		fmt.Fprintf(os.Stderr, "bench: error: read updates: got %q, want a positive number\n", t.in.Text())
		os.Exit(1)
	}
	t.left, t.began = steps, time.Now()
}
