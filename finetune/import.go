package finetune

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/atomicfile"
	"alexnet/internal/hint"
	"alexnet/internal/pretrained"
	"alexnet/internal/rundir"
	"alexnet/internal/weights"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Import writes a model with the weights that c.Weights names, which must have every layer, without training: a run
// directory at dir, which must not exist or be empty, with one checkpoint of epoch 0 and no dataset. classes are the
// class names by label. The checkpoint is compared with the file before the directory gets its name.
func Import(ctx context.Context, dir string, c Config, classes []string, w Watch) error {
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	file, err := c.loadWeights(ctx, pretrained.Options{CacheDir: c.UserCacheDir, Terminal: w.Terminal, Log: w.Log})
	if err != nil {
		return err
	}
	c.Network.Classes = len(classes)
	c, err = c.resolve(file)
	c.TrainLayers = nil
	var plan alexnet.Plan
	if err == nil {
		plan, err = c.planImport(file)
	}
	if err == nil {
		err = atomicfile.Publish(dir, func(tmp string) error { return c.writeModel(ctx, tmp, plan, file, classes) })
	}
	if err != nil {
		return hint.With(fmt.Errorf("import %q: %w", file.Path, err), hint.Of(err))
	}
	return nil
}

// planImport checks that the file has all layers of the network and as many outputs as there are class names.
func (c Config) planImport(file *weights.File) (alexnet.Plan, error) {
	names := c.Network.Architecture().LayerNames()
	missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		weights, biases, _ := file.Lookup(name)
		return weights != nil && biases != nil
	})
	if len(missing) > 0 {
		return nil, hint.With(fmt.Errorf("got no %s, want all %d layers", strings.Join(missing, ", "), len(names)),
			"import a file of all layers, which alexnet weights list names, or train the missing ones: alexnet train DATA --weights "+c.Weights)
	}
	last := names[len(names)-1]
	if _, biases, _ := file.Lookup(last); len(biases.Data) != c.Network.Classes {
		return nil, hint.With(fmt.Errorf("got %d class names, want %d, the outputs of %s", c.Network.Classes, len(biases.Data), last),
			"name the file of its classes with --classes")
	}
	if err := c.Network.Validate(); err != nil {
		return nil, err
	}
	plan, err := alexnet.NewPlan(c.Network, file, alexnet.Selection{Train: names, Strict: true})
	return plan, hint.With(err, "the weights must fit as they are: alexnet inspect FILE shows them")
}

// writeModel writes a run directory of the planned values.
func (c Config) writeModel(ctx context.Context, dir string, plan alexnet.Plan, file *weights.File, classes []string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	settings, err := c.absolute().write(dir)
	if err != nil {
		return err
	}
	description := alexnet.Description{Network: c.Network, Preprocessing: c.preprocessing(classes)}
	if err := description.Validate(); err != nil {
		return err
	}
	m := checkpoint.Meta{Name: checkpoint.Name(0, 0, 0), Saved: time.Now(), Model: description.JSON(), Config: settings}
	if err := saveValues(ctx, train.Checkpoints(dir), m, c, plan); err != nil {
		return err
	}
	saved, err := weights.Open(filepath.Join(rundir.Dir(dir).Checkpoints(), m.Name))
	if err != nil {
		return err
	}
	for _, l := range plan {
		weights, biases, _ := file.Lookup(l.Name)
		savedWeights, savedBiases, ok := saved.Lookup(l.Name)
		if !ok || !sameBits(weights.Data, savedWeights.Data) || !sameBits(biases.Data, savedBiases.Data) {
			return fmt.Errorf("compare the checkpoint with the file: layer %s differs", l.Name)
		}
	}
	return nil
}

// saveValues saves the planned values as a checkpoint.
func saveValues(ctx context.Context, dir checkpoint.Dir, m checkpoint.Meta, c Config, plan alexnet.Plan) (err error) {
	root := op.NewScope()
	net := alexnet.Build(root, c.Network)
	initialize := plan.Initializer(root, net, c.Seed)
	saver := checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return err
	}
	session, err := tfgraph.Open(def, tfgraph.Options{Device: tfgraph.CPU})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if err := initialize(ctx, session); err != nil {
		return err
	}
	const keepAll = 0
	return dir.Save(ctx, session, saver, m, keepAll)
}

// sameBits is equality of float32 values bit by bit.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// isImported reports whether the run directory holds an imported model: that has no dataset.
func isImported(dir string) bool {
	c, missing, err := readFile(dir)
	return err == nil && !missing && c.Data == ""
}
