package testmodel

import (
	"context"
	"math"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/rundir"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Network returns a narrow AlexNet with all layers for the given number of classes.
func Network(classes int) alexnet.Config {
	return alexnet.Config{Classes: classes, Size: 67, Widths: []int{8, 8, 8, 8, 8, 16, 16}}
}

// Write writes a run directory at dir with two epochs, of which the first is the best, and a model with random weights.
// Images are turned upright and squashed.
func Write(dir string, classes ...string) error { return WriteNonFinite(dir, "", classes...) }

// WriteNonFinite is [Write] with a model whose named variable contains only NaN; "" names none.
func WriteNonFinite(dir, variable string, classes ...string) error {
	network := Network(len(classes))
	root := op.NewScope()
	net := alexnet.Build(root, network)
	plan, err := alexnet.NewPlan(network, nil, alexnet.Selection{Train: network.Architecture().LayerNames()})
	if err != nil {
		return err
	}
	start := plan.Initializer(root, net, 1)
	var overwrite []*tf.Operation
	for _, v := range net.Variables {
		if v.Name == variable {
			s := root.SubScope("overwrite")
			overwrite = append(overwrite, ops.Assign(s, v, op.Fill(s, tfgraph.Const(s, "shape", v.Shape), tfgraph.Const(s, "nan", float32(math.NaN())))))
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
	if len(overwrite) > 0 {
		if _, err := session.Run(ctx, nil, nil, overwrite...); err != nil {
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
		if err := (checkpoint.Dir(rundir.Dir(dir).Checkpoints())).Save(ctx, session, saver, m, 0); err != nil {
			return err
		}
	}
	return nil
}
