package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"alexnet/tfgraph"
)

// jobs runs the same training in every program, then measures prediction with a trained model.
func (b *bench) jobs(ctx context.Context) error {
	small, large := b.with(b.Batch), b.with(b.Large)
	small.Epochs, large.Epochs = b.Epochs, b.PeerEpochs
	all := []job{
		ours(b.settings, small, fmt.Sprintf("alexnet, batch %d", b.Batch)),
		ours(b.settings, large, fmt.Sprintf("alexnet, batch %d", b.Large)),
	}
	for _, precision := range []string{"auto", "bfloat16"} {
		if !tfgraph.HasBFloat16() {
			break
		}
		t := b.with(b.Batch)
		t.Epochs = b.Epochs
		all = append(all, ours(b.settings, t, fmt.Sprintf("alexnet --precision %s, batch %d", precision, b.Batch), "--precision", precision))
	}
	add := func(name, python, script string, batch int) error {
		t := b.with(batch)
		t.Epochs = b.PeerEpochs
		j, err := peer(fmt.Sprintf("%s, batch %d", name, batch), python, script, t)
		all = append(all, j)
		return err
	}
	var err error
	if b.Peers != "none" {
		for _, batch := range []int{b.Batch, b.Large} {
			if err = add("original in Python TensorFlow", b.Python, "original.py", batch); err != nil {
				return err
			}
		}
		err = add("Keras", b.Python, "keras_fit.py", b.Batch)
	}
	if b.Peers == "all" && err == nil {
		err = add("PyTorch", b.Torch, "torch_fit.py", b.Batch)
	}
	if err != nil {
		return err
	}
	for _, j := range all {
		b.announce(j.name)
		o, err := j.run(ctx)
		if err != nil {
			return err
		}
		b.outcomes = append(b.outcomes, o)
	}
	return b.predict(ctx, filepath.Join(small.Dir, "run"))
}

// predict measures the time from a process's start to its prediction for one image.
func (b *bench) predict(ctx context.Context, run string) error {
	image := b.task.Val[0].Path
	ours := []string{b.Program, "predict", run, image}
	peer := []string{b.Python, filepath.Join("cmd", "bench", "predict.py"), run, image}
	b.announce("predict one image")
	var seconds [2][]float64
	for turn := range b.Turns + 1 {
		for k := range seconds {
			i := (turn + k) % len(seconds)
			if i == 1 && b.Peers == "none" {
				continue
			}
			took, err := timed(ctx, [][]string{ours, peer}[i])
			if err != nil {
				return err
			}
			if turn > 0 {
				seconds[i] = append(seconds[i], took)
			}
		}
	}
	r := row{What: "predict one image, start to answer", Unit: "s", Ours: spreadOf(seconds[0])}
	if b.Peers != "none" {
		r = compare(r.What, r.Unit, seconds[0], "Python TensorFlow", seconds[1])
	}
	b.rows = append(b.rows, r)
	return nil
}

// timed runs a program and returns the seconds it took.
func timed(ctx context.Context, command []string) (float64, error) {
	p, err := start(ctx, command)
	if err != nil {
		return 0, err
	}
	for p.out.Scan() {
	}
	if err := p.wait(); err != nil {
		return 0, err
	}
	return time.Since(p.began).Seconds(), nil
}
