package testmodel

import (
	"context"
	"math"
	"path/filepath"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Network is AlexNet with every layer, none of them large, for so many classes.
func Network(classes int) alexnet.Config {
	return alexnet.Config{Classes: classes, Size: 67, Widths: []int{8, 8, 8, 8, 8, 16, 16}}
}

// Write makes a run directory at dir of two epochs, of which the first is the
// better one, with a model that tells the classes apart by chance. Pictures are
// turned upright and squashed.
func Write(dir string, classes ...string) error { return WriteSpoilt(dir, "", classes...) }

// WriteSpoilt is [Write] of a model whose variable of that name holds nothing but
// NaN, none for "".
func WriteSpoilt(dir, variable string, classes ...string) error {
	network := Network(len(classes))
	root := op.NewScope()
	net := alexnet.Build(root, network)
	plan, err := alexnet.NewPlan(network, nil, alexnet.Selection{Train: network.Architecture().LayerNames()})
	if err != nil {
		return err
	}
	start := plan.Initializer(root, net, 1)
	var spoil []*tf.Operation
	for _, v := range net.Variables {
		if v.Name == variable {
			s := root.SubScope("spoil")
			spoil = append(spoil, ops.Assign(s, v, op.Fill(s, tfgraph.Const(s, "shape", v.Shape), tfgraph.Const(s, "nan", float32(math.NaN())))))
		}
	}
	saver := checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return err
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		return err
	}
	defer session.Close()
	ctx := context.Background()
	if err := start(ctx, session); err != nil {
		return err
	}
	if len(spoil) > 0 {
		if _, err := session.Run(ctx, nil, nil, spoil...); err != nil {
			return err
		}
	}
	description := alexnet.Description{Network: network, Preprocessing: network.Preprocessing(alexnet.Squash, true, classes)}
	for epoch := 1; epoch <= 2; epoch++ {
		m := checkpoint.Meta{
			Name: checkpoint.Name(epoch, 0, int64(epoch)), Step: int64(epoch), Epoch: epoch,
			Model:   description.JSON(),
			Metrics: &checkpoint.Metrics{Accuracy: 1 / float64(epoch), Loss: 1, Count: 2},
		}
		if err := (checkpoint.Dir(filepath.Join(dir, "checkpoints"))).Save(ctx, session, saver, m, 0); err != nil {
			return err
		}
	}
	return nil
}
