package main

import (
	"context"
	"fmt"
	"slices"

	"alexnet/alexnet"
	"alexnet/tfgraph"
)

// cube is the GFLOP of a product of two square matrices.
func cube(side int64) float64 {
	n := float64(side)
	return 2 * n * n * n / 1e9
}

// headWork is the GFLOP of a training step of fc6 to fc8 per image: the products of the forward pass, of the weights'
// gradients, and of the inputs' gradients except fc6's, which is not needed. For AlexNet with two classes these are
// 125.9 million multiply-adds.
func headWork(network alexnet.Config) float64 {
	var sum float64
	for i, l := range network.Layers()[5:] {
		products := 3.0
		if i == 0 {
			products = 2
		}
		sum += products * float64(l.Weights[0]*l.Weights[1])
	}
	return 2 * sum / 1e9
}

// limits measures the machine's own rates.
func (b *bench) limits(ctx context.Context) error {
	b.announce("limits")
	limits := []struct {
		kind, what, unit string
		count            int
		each             float64
	}{
		{kindMatMul, fmt.Sprintf("MatMul %d³, float32", b.Side), "GFLOP/s", b.Steps, cube(b.Side)},
		{kindHalf, fmt.Sprintf("MatMul %d³, bfloat16", b.Side), "GFLOP/s", b.Steps, cube(b.Side)},
		{kindCopy, fmt.Sprintf("copy of %d MiB, read and written", b.Copied), "GB/s", 4 * b.Steps, 2 * float64(b.Copied) * (1 << 20) / 1e9},
		{kindRead, "images read and decoded, no network", "images/s", 4 * b.Steps, float64(b.Forward)},
	}
	var lanes []lane
	if !tfgraph.HasBFloat16() {
		limits = slices.Delete(limits, 1, 2)
	}
	for _, l := range limits {
		found, err := b.ours(l.kind, b.with(b.Forward), l.count, l.each)
		if err != nil {
			return err
		}
		lanes = append(lanes, found)
	}
	rates, err := race(ctx, b.Turns, lanes...)
	if err != nil {
		return err
	}
	for i, l := range limits {
		b.rows = append(b.rows, row{What: l.what, Unit: l.unit, Ours: spreadOf(rates[i])})
	}
	return nil
}
