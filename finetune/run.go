package finetune

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/content"
	"alexnet/internal/hint"
	"alexnet/internal/npy"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Run begins a run in dir and trains until c.Epochs epochs are done: a checkpoint
// an epoch, event files for TensorBoard, metrics.csv and config.json. It ends as
// train.Run does: with a *train.InterruptedError when ctx ends, after a
// checkpoint of that very position, and with a *train.DivergedError when the loss
// is no number any more. A dir that holds a run already, or files of such names that
// are none of a run's, or that lies among the pictures, is refused. With BadImages
// list nothing is trained: it ends with an input.Listed.
func Run(ctx context.Context, dir string, c Config, w Watch) error {
	if c.BadImages == input.List {
		return newSession(dir, c, nil, w).list(ctx)
	}
	switch newest, damaged, err := train.Checkpoints(dir).Newest(ctx); {
	case err == nil:
		return hint.With(fmt.Errorf("open run %q: it holds a run of %d epochs already", dir, newest.Epoch),
			"go on with it with --resume, or name another --out")
	case !errors.Is(err, checkpoint.ErrNone):
		return err
	case damaged != nil:
		return hint.With(fmt.Errorf("open run %q: all checkpoints in it are damaged: %w", dir, errors.Join(damaged...)),
			"name another --out, or move what is there out of the way")
	}
	if err := errors.Join(vacant(dir), c.apart(dir)); err != nil {
		return err
	}
	return newSession(dir, c, nil, w).run(ctx)
}

// Resume goes on with the run in dir from its newest checkpoint that is whole,
// exactly where it stood. c is what [Read] gives, of which Epochs, Keep, SaveEvery,
// DisplayEvery, OnNaN, BadImages, Cache, CacheMemory, MicroBatch and Device may have
// been changed, and Data and Val where they are other paths to the same pictures.
func Resume(ctx context.Context, dir string, c Config, w Watch) error {
	if err := c.goesOn(dir); err != nil {
		return err
	}
	if c.BadImages == input.List {
		return newSession(dir, c, nil, w).list(ctx)
	}
	newest, damaged, err := train.Checkpoints(dir).Newest(ctx)
	switch {
	case err != nil && damaged != nil:
		return hint.With(fmt.Errorf("resume run %q: all checkpoints in it are damaged: %w", dir, errors.Join(damaged...)),
			"bring one back from a copy, or begin a new run in another folder")
	case errors.Is(err, checkpoint.ErrNone):
		return hint.With(fmt.Errorf("resume run %q: %w", dir, checkpoint.ErrNone), "without --resume a new run begins")
	case err != nil:
		return err
	}
	s := newSession(dir, c, &newest, w)
	if err := s.seal(); err != nil {
		return err
	}
	for _, problem := range damaged {
		s.log.Warn("a checkpoint is damaged: the one before is used, and its updates are done again", "reason", problem)
	}
	return s.run(ctx)
}

// session is one call of Run or Resume.
type session struct {
	Config
	dir      string
	on       tfgraph.Device   // that Device comes to here
	from     *checkpoint.Meta // nil where the run begins
	data     *input.Dataset
	out      []input.Excluded // all that is left out
	contents *content.Index
	scan     *sandbox.Pool
	settled  bool // it is known which pictures can be used
	watch    Watch
	log      *slog.Logger
}

func newSession(dir string, c Config, from *checkpoint.Meta, w Watch) *session {
	s := &session{Config: c, dir: dir, from: from, watch: w, log: w.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if from == nil {
		s.Excluded = nil
	}
	indexDir := cmp.Or(c.UserCacheDir, dir)
	if c.BadImages == input.List { // which writes nothing into the run directory
		indexDir = c.UserCacheDir
	}
	s.contents = content.Open(indexDir, func(text string) { s.log.Info(text) })
	return s
}

// run wires the packages.
func (s *session) run(ctx context.Context) (err error) {
	if err := s.prepare(); err != nil {
		return err
	}
	plan, err := s.plan()
	if err != nil {
		return err
	}
	contract := s.preprocessing(s.data.Classes)
	decoder, err := alexnet.NewDecoder(contract, tfgraph.Options{})
	if err != nil {
		return err
	}
	defer decoder.Close()
	if err := s.openScanner(contract, decoder, cmp.Or(s.UserCacheDir, s.dir)); err != nil {
		return err
	}
	defer s.scan.Close()
	job := s.job(contract, decoder, plan)
	if s.watch.OnReady != nil {
		s.watch.OnReady(Ready{Plan: plan, Memory: train.EstimateMemory(s.Config.Config, job), Events: train.Events(s.dir)})
	}
	trainer, err := train.Prepare(ctx, s.Config.Config, job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trainer.Close()) }()
	var settings json.RawMessage
	if !trainer.Done() {
		if settings, err = s.finalizeDataset(trainer.Undecodable()); err != nil {
			return err
		}
	}
	return s.advise(trainer.Run(ctx, settings))
}

// advise tells what to do about a picture that is no more what it was when the
// run began.
func (s *session) advise(err error) error {
	var in *input.Error
	if !s.settled || !errors.As(err, &in) || in.Path == "" {
		return err
	}
	advice := "it could be read when the run began: bring it back, and "
	if all, _ := train.Checkpoints(s.dir).List(); len(all) == 0 {
		return hint.With(err, advice+"begin anew: no update was saved yet")
	}
	return hint.With(err, advice+"go on with --resume")
}

// prepare settles everything that does not need the network yet.
func (s *session) prepare() error {
	if err := s.Validate(); err != nil {
		return err
	}
	if s.from == nil {
		var err error
		if s.Network.BFloat16, err = s.Precision.bfloat16Layers(s.Network, s.TrainLayers); err != nil {
			return err
		}
	}
	if err := s.choose(); err != nil {
		return err
	}
	s.log.Info("kernels", "tensorflow", tfgraph.Version(), "use", tfgraph.Kernels(), "arithmetic", arithmeticText(s.Network), "device", s.on)
	if err := s.openData(); err != nil {
		return err
	}
	if err := s.checkDataset(s.from); err != nil {
		return err
	}
	return s.judge(s.data.Excluded)
}

// choose settles what the network is computed on, and says so where it is not
// what was asked for.
func (s *session) choose() error {
	on, note, err := s.Device.Resolve()
	if note != "" {
		s.log.Warn(note)
	}
	s.on = on
	return err
}

// job introduces the network to the loop.
func (s *session) job(contract alexnet.Preprocessing, decoder *alexnet.Decoder, plan alexnet.Plan) train.Job {
	root := op.NewScope()
	net := alexnet.Build(root, s.Network, s.dropoutLayers()...)
	description := alexnet.Description{Network: s.Network, Preprocessing: contract}
	job := train.Job{
		Dir: s.dir, Data: s.loaders(decoder), Resume: s.from, Exclude: s.excludedIn(s.data), Trace: true,
		Session: tfgraph.Options{Device: s.on},
		Meta:    checkpoint.Meta{Model: description.JSON()},
		Cache:   train.Cache{Contents: s.contents, Off: s.Cache == cacheOff, Budget: s.CacheMemory << 20, Half: s.CacheHalf},
		Network: train.Network{
			Root: root, Tape: net.Tape, Variables: net.Variables, Trainable: net.VariablesOf(s.TrainLayers),
			Head:     eval.NewHead(root, net.Images, net.Logits, net.Config.Classes),
			DropRate: net.DropoutRate, DropSeed: net.DropoutSeed, FeatureKey: description.FeatureKey(),
		},
	}
	job.Network.Boundary, _ = net.Boundary(s.TrainLayers)
	job.Data.Denormalize = contract.Denormalize
	if !job.Cache.Off {
		job.Cache.Dir = s.Cache
	}
	if s.from == nil {
		job.Start = plan.Initializer(root, net, s.Seed)
	}
	job.Observer = &dashboards{session: s, net: net, head: job.Network.Head, preprocessing: contract, plan: plan, images: job.Data.Val}
	return job
}

// plan compares network and weights file. A resumed run has its values already
// and needs no file.
func (s *session) plan() (alexnet.Plan, error) {
	if s.from != nil {
		if s.from.Epoch >= s.Epochs {
			s.log.Warn("nothing left to do: raise --epochs to go on", "done", s.from.Epoch, "epochs", s.Epochs)
		}
		s.log.Info("resume", "checkpoint", s.from.Name, "epoch", s.from.Epoch, "step", s.from.Step)
		return nil, nil
	}
	if s.Weights == "" {
		s.log.Warn("no --weights: all layers train from scratch, which reaches far lower accuracy than fine-tuning on some thousand photographs")
		return alexnet.NewPlan(s.Network, nil, s.layerSelection())
	}
	file, err := npy.Open(s.Weights)
	if err != nil {
		return nil, err
	}
	s.sayUnused(file)
	return alexnet.NewPlan(s.Network, file, s.layerSelection())
}

// sayUnused names what a weights file holds beside AlexNet's layers.
func (s *session) sayUnused(file *npy.Weights) {
	for _, name := range file.Layers() {
		if !slices.Contains(s.Network.Architecture().LayerNames(), name) {
			s.log.Warn("the weights file has a layer that AlexNet does not: skipped", "layer", name)
		}
	}
	for _, name := range file.Other {
		s.log.Warn("the weights file has an entry that is no layer: skipped", "entry", name)
	}
}
