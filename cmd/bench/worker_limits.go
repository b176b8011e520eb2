package main

import (
	"context"
	"runtime"
	"sync"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// matmul multiplies two square matrices.
func matmul(ctx context.Context, kind string, t task, turns *turns) error {
	root := op.NewScope()
	shape := tfgraph.Const(root, "shape", []int32{int32(t.Side), int32(t.Side)})
	seed := tfgraph.Const(root, "seed", []int64{1, 2})
	a := op.StatelessRandomUniform(root, shape, seed)
	if kind == kindHalf {
		a = ops.Cast(root, a, tf.Bfloat16)
	}
	b := op.Identity(root, a)
	product := op.MatMul(root, a, b)
	session, err := open(root)
	if err != nil {
		return err
	}
	defer session.Close()
	values, err := session.Run(ctx, nil, []tf.Output{a})
	if err != nil {
		return err
	}
	defer tfgraph.CloseAll(values)
	return turns.each(func() error {
		_, err := session.Run(ctx, tfgraph.Feeds{a: values[0]}, nil, product.Op)
		return err
	})
}

// copies copies one large array to another, on all cores.
func copies(t task, turns *turns) error {
	from, to := make([]byte, t.Copied<<20), make([]byte, t.Copied<<20)
	cores := runtime.GOMAXPROCS(0)
	part := len(from) / cores
	return turns.each(func() error {
		var all sync.WaitGroup
		for i := range cores {
			all.Go(func() { copy(to[i*part:(i+1)*part], from[i*part:]) })
		}
		all.Wait()
		return nil
	})
}
