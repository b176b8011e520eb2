package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"alexnet/alexnet"
	"alexnet/tfgraph"
)

// The kinds of work; steps.py implements the first six too. A unit is one batch, or one operation of a limit.
const (
	kindStep   = "step"   // fc6–fc8 trained, the same pixels each time
	kindDecode = "decode" // the same, images read and decoded
	kindAll    = "all"    // all layers trained, the same pixels each time
	kindHead   = "head"   // fc6–fc8 trained from given features
	kindFrozen = "frozen" // conv1 to pool5, the same pixels each time
	kindFill   = "fill"   // images to cached features
	kindMatMul = "matmul"
	kindHalf   = "matmul-bfloat16"
	kindCopy   = "copy"
	kindRead   = "read" // images to pixels
)

const python = "Python TensorFlow"

// ours is a lane of this program, in its own process.
func (b *bench) ours(kind string, t task, count int, unit float64) (lane, error) {
	t.Rows = count * (b.Turns + 1) * t.Batch
	file, err := t.file()
	if err != nil {
		return lane{}, err
	}
	self, err := os.Executable()
	return lane{name: kind, command: []string{self, "worker", kind, file}, count: count, unit: unit}, err
}

// pair returns a lane of this program and, with peers, the same in Python.
func (b *bench) pair(kind string, t task, count int) ([]lane, error) {
	l, err := b.ours(kind, t, count, float64(t.Batch))
	if err != nil || b.Peers == "none" {
		return []lane{l}, err
	}
	other := l
	other.name += " in Python"
	other.command = []string{b.Python, filepath.Join("cmd", "bench", "peers", "steps.py"), kind, l.command[len(l.command)-1]}
	return []lane{l, other}, nil
}

// against returns a row of a pair's rates.
func against(what string, rates [][]float64) row {
	if len(rates) == 1 {
		return row{What: what, Unit: "images/s", Ours: spreadOf(rates[0])}
	}
	return compare(what, "images/s", rates[0], python, rates[1])
}

// steps measures single steps, interleaved.
func (b *bench) steps(ctx context.Context) error {
	for _, job := range []struct {
		what, kind   string
		batch, count int
	}{
		{"training step fc6–fc8, same pixels each time", kindStep, b.Batch, b.Steps},
		{"training step fc6–fc8, images read and decoded", kindDecode, b.Batch, b.Steps},
		{"training step, all layers, same pixels each time", kindAll, b.All, 2 * b.Steps},
	} {
		b.announce(job.what)
		lanes, err := b.pair(job.kind, b.with(job.batch), job.count)
		if err != nil {
			return err
		}
		rates, err := race(ctx, b.Turns, lanes...)
		if err != nil {
			return err
		}
		b.rows = append(b.rows, against(fmt.Sprintf("%s, batch %d", job.what, job.batch), rates))
	}
	if err := b.frozen(ctx); err != nil {
		return err
	}
	for _, batch := range b.Heads {
		if err := b.head(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// frozen measures the frozen layers on given pixels and in a first pass over images.
func (b *bench) frozen(ctx context.Context) error {
	b.announce("conv1 to pool5")
	t := b.with(b.Forward)
	layers, err := b.pair(kindFrozen, t, 2*b.Steps)
	if err != nil {
		return err
	}
	t.Dir += "-fill"
	fill, err := b.pair(kindFill, t, 2*b.Steps)
	if err != nil {
		return err
	}
	half, err := b.half(kindFrozen, t, 2*b.Steps, alexnet.BVLC.LayerNames()[:5])
	if err != nil {
		return err
	}
	rates, err := race(ctx, b.Turns, slices.Concat(layers, fill, half)...)
	if err != nil {
		return err
	}
	n := len(layers)
	b.rows = append(b.rows,
		against(fmt.Sprintf("conv1 to pool5, float32, same pixels, batch %d", t.Batch), rates[:n]),
		against("images to pool5", rates[n:2*n]),
		compare("images to pool5", "images/s", rates[n], "conv1 to pool5 alone", rates[0]))
	b.inHalf(fmt.Sprintf("conv1 to pool5, bfloat16, same pixels, batch %d", t.Batch), n, rates, 2*n)
	return nil
}

// half returns a lane of this program with layers in bfloat16, or none where the processor lacks bfloat16 instructions.
func (b *bench) half(kind string, t task, count int, layers []string) ([]lane, error) {
	if !tfgraph.HasBFloat16() {
		return nil, nil
	}
	t.Dir += "-bfloat16"
	t.Network.BFloat16 = layers
	l, err := b.ours(kind, t, count, float64(t.Batch))
	return []lane{l}, err
}

// inHalf adds rows that compare lane i, if there is one, with the first n: ours in float32 and, with peers, Python.
func (b *bench) inHalf(what string, n int, rates [][]float64, i int) {
	if i == len(rates) {
		return
	}
	b.rows = append(b.rows, compare(what, "images/s", rates[i], "ours in float32", rates[0]))
	if n > 1 {
		b.rows = append(b.rows, compare(what, "images/s", rates[i], python+", float32", rates[1]))
	}
}

// head measures fc6 to fc8 on given features, also against the machine's MatMul rate.
func (b *bench) head(ctx context.Context, batch int) error {
	b.announce(fmt.Sprintf("fc6–fc8 from given features, batch %d", batch))
	t := b.with(batch)
	lanes, err := b.pair(kindHead, t, max(1, 4*b.Steps*128/batch))
	if err != nil {
		return err
	}
	limit, err := b.ours(kindMatMul, b.with(batch), b.Steps, cube(b.Side))
	if err != nil {
		return err
	}
	half, err := b.half(kindHead, t, lanes[0].count, alexnet.BVLC.LayerNames()[5:7])
	if err != nil {
		return err
	}
	n := len(lanes)
	rates, err := race(ctx, b.Turns, slices.Concat(lanes, []lane{limit}, half)...)
	if err != nil {
		return err
	}
	work := headWork(t.Network)
	products := make([]float64, b.Turns)
	for i, images := range rates[0] {
		products[i] = images * work
	}
	what := fmt.Sprintf("fc6–fc8 from given features, batch %d", batch)
	b.rows = append(b.rows, against(what, rates[:n]),
		compare(what, "GFLOP/s", products, "MatMul float32", rates[n]))
	b.inHalf(what+", bfloat16", n, rates, n+1)
	return nil
}
