package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// matmulRate asks a process of its own, started like the others.
func matmulRate(times int) (spread, error) {
	self, err := os.Executable()
	if err != nil {
		return spread{}, err
	}
	p, err := start(self, "-worker", "matmul", "-pairs", strconv.Itoa(times))
	if err != nil {
		return spread{}, err
	}
	defer p.stop()
	var rates []float64
	for p.out.Scan() {
		rate, err := strconv.ParseFloat(strings.TrimSpace(p.out.Text()), 64)
		if err != nil {
			return spread{}, err
		}
		rates = append(rates, rate)
	}
	if len(rates) == 0 {
		return spread{}, fmt.Errorf("measure MatMul: it ended: %v", p.cmd.Wait())
	}
	return spreadOf(rates), nil
}

// matmul prints the GFLOP/s of some products of two 4096x4096 matrices.
func matmul(ctx context.Context, times int) error {
	const n = 4096
	root := op.NewScope()
	shape := tfgraph.Const(root, "shape", []int32{n, n})
	seed := tfgraph.Const(root, "seed", []int64{1, 2})
	a := op.StatelessRandomUniform(root, shape, seed)
	b := op.Identity(root, a)
	corner := op.Slice(root, op.MatMul(root, a, b), tfgraph.Const(root, "begin", []int32{0, 0}), tfgraph.Const(root, "size", []int32{1, 1}))
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return err
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		return err
	}
	defer session.Close()
	values, err := session.Run(ctx, nil, []tf.Output{a})
	if err != nil {
		return err
	}
	defer tfgraph.CloseAll(values)
	for i := range times + 1 {
		start := time.Now()
		out, err := session.Run(ctx, tfgraph.Feeds{a: values[0]}, []tf.Output{corner})
		if err != nil {
			return err
		}
		tfgraph.CloseAll(out)
		if i > 0 {
			fmt.Println(2 * n * n * n / 1e9 / time.Since(start).Seconds())
		}
	}
	return nil
}
