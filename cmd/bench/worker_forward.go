package main

import (
	"context"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

// frozen runs conv1 to pool5 on the same pixels.
func frozen(ctx context.Context, t task, turns *turns) error {
	root := op.NewScope()
	net := alexnet.Build(root, t.Network)
	plan, err := alexnet.NewPlan(net.Config, nil, alexnet.Selection{Train: alexnet.BVLC.LayerNames()})
	if err != nil {
		return err
	}
	start := plan.Initializer(root, net, 1)
	boundary, _ := net.Boundary(alexnet.BVLC.DefaultTrainable(true))
	session, err := open(root)
	if err != nil {
		return err
	}
	defer session.Close()
	if err := start(ctx, session); err != nil {
		return err
	}
	side := int64(t.Network.Size)
	pixels, err := tfgraph.Allocate(tf.Float, int64(t.Batch), side, side, 3)
	if err != nil {
		return err
	}
	defer pixels.Close()
	values := tfgraph.Data[float32](pixels)
	copy(values, pattern(len(values)))
	return turns.each(func() error {
		_, err := session.Run(ctx, tfgraph.Feeds{net.Images: pixels}, nil, boundary.Op)
		return err
	})
}

// decode reads and decodes images as training does, and drops the pixels.
func decode(ctx context.Context, t task, turns *turns) error {
	decoder, err := alexnet.NewDecoder(t.Network.Preprocessing(alexnet.Squash, true, t.Classes), tfgraph.Options{})
	if err != nil {
		return err
	}
	defer decoder.Close()
	examples, err := t.examples()
	if err != nil {
		return err
	}
	turns.wait()
	for batch, err := range decoder.Loader(examples, t.Batch).Batches(ctx, input.Sequential(t.Rows)) {
		if err != nil {
			return err
		}
		batch.Images.Close()
		turns.done()
	}
	return nil
}

func open(root *op.Scope) (*tfgraph.Session, error) {
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return nil, err
	}
	return tfgraph.Open(def, tfgraph.Options{})
}
