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
	"alexnet/internal/display"
	"alexnet/internal/hint"
	"alexnet/internal/pretrained"
	"alexnet/internal/rundir"
	"alexnet/internal/sandbox"
	"alexnet/internal/weights"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Run starts a run in dir and trains until c.Epochs epochs are done. It writes a checkpoint per epoch, TensorBoard's
// event files, metrics.csv and config.json, and ends as [train.Trainer.Run] does: with a *train.InterruptedError when
// ctx ends, after a checkpoint of that very position, and with a *train.NonFiniteError when the loss becomes
// non-finite. It refuses a dir that already holds a run or files that alexnet did not write, or that is inside the
// dataset. With BadImages list nothing is trained: it ends with an input.Listed.
func Run(ctx context.Context, dir string, c Config, w Watch) error {
	if c.BadImages == input.List {
		return newSession(dir, c, nil, w).listUndecodable(ctx)
	}
	switch newest, damaged, err := train.Checkpoints(dir).Newest(ctx); {
	case err == nil && isImported(dir):
		return hint.With(fmt.Errorf("open run %q: it holds an imported model", dir), "choose another --out; --weights takes the model")
	case err == nil:
		return hint.With(fmt.Errorf("open run %q: it holds a run of %d epochs already", dir, newest.Epoch),
			"resume it with --resume, or choose another --out")
	case !errors.Is(err, checkpoint.ErrNone):
		return err
	case damaged != nil:
		return hint.With(fmt.Errorf("open run %q: all checkpoints in it are damaged: %w", dir, errors.Join(damaged...)),
			"choose another --out, or move the directory away")
	}
	if err := errors.Join(rundir.Dir(dir).CheckVacant(), rundir.Dir(dir).CheckOutside(c.datasetPaths()...)); err != nil {
		return err
	}
	return newSession(dir, c, nil, w).run(ctx)
}

// Resume resumes the run in dir from its newest undamaged checkpoint, exactly where it stood. c is what [ReadConfig]
// returns, or a Config of [New]; the fields that may differ from it are those that the settings table lists as changeable, and Data and Val
// where they are other paths to the same images.
func Resume(ctx context.Context, dir string, c Config, w Watch) error {
	if isImported(dir) {
		return hint.With(fmt.Errorf("resume run %q: it holds an imported model, which has no dataset", dir),
			"fine-tune it in a new run: alexnet train DATA --weights "+display.Argument(dir))
	}
	old, err := ReadConfig(dir)
	if err := cmp.Or(rundir.Dir(dir).CheckVersion(), err); err != nil {
		return err
	}
	c.Network.Arch = cmp.Or(c.Network.Arch, old.Network.Arch)
	c = c.WithDefaults()
	if err := c.checkResume(dir, old); err != nil {
		return err
	}
	if c.BadImages == input.List {
		return newSession(dir, c, nil, w).listUndecodable(ctx)
	}
	newest, damaged, err := train.Checkpoints(dir).Newest(ctx)
	switch {
	case err != nil && damaged != nil:
		return hint.With(fmt.Errorf("resume run %q: all checkpoints in it are damaged: %w", dir, errors.Join(damaged...)),
			"restore one from a backup, or start a new run in another --out")
	case errors.Is(err, checkpoint.ErrNone):
		return hint.With(fmt.Errorf("resume run %q: %w", dir, checkpoint.ErrNone), "to start the run, name DATA")
	case err != nil:
		return err
	}
	s := newSession(dir, c, &newest, w)
	if err := s.verifyConfig(); err != nil {
		return err
	}
	for _, problem := range damaged {
		s.log.Warn("skipped a damaged checkpoint: resuming from the one before it", "reason", problem)
	}
	return s.run(ctx)
}

// session is one call of Run or Resume.
type session struct {
	Config
	dir          string
	device       tfgraph.Device   // what Device resolves to here
	from         *checkpoint.Meta // nil for a new run
	data         *input.Dataset
	skipped      []input.Excluded // all that are excluded, with their reasons
	contents     *content.Index
	warnings     sandbox.Warnings
	pool         *sandbox.Pool
	datasetFinal bool // which images can be used is decided
	watch        Watch
	log          *slog.Logger
}

func newSession(dir string, c Config, from *checkpoint.Meta, w Watch) *session {
	s := &session{Config: c, dir: dir, from: from, watch: w, log: w.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if from == nil {
		s.Excluded = nil
	} else if known, err := rundir.Dir(dir).ReadWarnings(); err == nil { // else they are found again
		for path, warning := range known {
			s.warnings.Add(path, warning)
		}
	}
	indexDir := cmp.Or(c.UserCacheDir, dir)
	if c.BadImages == input.List { // which writes nothing into the run directory
		indexDir = c.UserCacheDir
	}
	s.contents = content.Open(indexDir, func(text string) { s.log.Info(text) })
	return s
}

// run connects the packages: dataset, network, weights, loop.
func (s *session) run(ctx context.Context) (err error) {
	if err := s.prepare(); err != nil {
		return err
	}
	plan, err := s.planLayers(ctx)
	if err != nil {
		return err
	}
	s.log.Info("kernels", "tensorflow", tfgraph.Version(), "use", tfgraph.Kernels(), "architecture", s.Network.Arch, "arithmetic", arithmeticText(s.Network), "device", s.device)
	preprocessing := s.preprocessing(s.data.Classes)
	decoder, err := s.newDecoder(preprocessing)
	if err != nil {
		return err
	}
	defer decoder.Close()
	if err := s.openSandbox(preprocessing, decoder, cmp.Or(s.UserCacheDir, s.dir)); err != nil {
		return err
	}
	defer s.pool.Close()
	job := s.job(preprocessing, decoder, plan)
	if s.watch.OnReady != nil {
		s.watch.OnReady(Ready{Plan: plan, Memory: train.EstimateMemory(s.Config.Config, job), Events: rundir.Dir(s.dir).Events()})
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
	return s.addHint(trainer.Run(ctx, settings))
}

// addHint adds what to do about an image that can no longer be read.
func (s *session) addHint(err error) error {
	var in *input.Error
	if !s.datasetFinal || !errors.As(err, &in) || in.Path == "" {
		return err
	}
	text := "it could be read when the run started: restore it, and "
	if all, _ := train.Checkpoints(s.dir).List(); len(all) == 0 {
		return hint.With(err, text+"start again: no step was saved yet")
	}
	return hint.With(err, text+"continue with --resume")
}

// prepare does what needs no network: settings, device and dataset.
func (s *session) prepare() error {
	if err := s.Validate(); err != nil {
		return err
	}
	if err := s.chooseDevice(); err != nil {
		return err
	}
	if err := s.openData(); err != nil {
		return err
	}
	if err := s.checkDataset(s.from); err != nil {
		return err
	}
	return s.applyPolicy(s.data.Excluded)
}

// chooseDevice resolves the device, with a warning if it is not the one asked for.
func (s *session) chooseDevice() error {
	device, note, err := s.Device.Resolve()
	if note != "" {
		s.log.Warn(note)
	}
	s.device = device
	return err
}

// job introduces the network to the loop.
func (s *session) job(preprocessing alexnet.Preprocessing, decoder *decoder, plan alexnet.Plan) train.Job {
	root := op.NewScope()
	net := alexnet.Build(root, s.Network, s.dropoutLayers()...)
	description := alexnet.Description{Network: s.Network, Preprocessing: preprocessing}
	job := train.Job{
		Dir: s.dir, Data: s.dataset(decoder), Resume: s.from, Exclude: s.excludedIn(s.data), Trace: true,
		Session: tfgraph.Options{Device: s.device},
		Meta:    checkpoint.Meta{Model: description.JSON()},
		Cache:   train.Cache{Contents: s.contents, Off: s.Cache == cacheOff, Budget: s.CacheMemory << 20, Half: s.CacheHalf},
		Network: train.Network{
			Root: root, Tape: net.Tape, Variables: net.Variables, Trainable: net.VariablesOf(s.TrainLayers),
			Head:        eval.NewHead(root, net.Images, net.Logits, net.Config.Classes),
			DropoutRate: net.DropoutRate, DropoutSeed: net.DropoutSeed, FeatureKey: description.FeatureKey(),
		},
	}
	job.Network.Boundary, _ = net.Boundary(s.TrainLayers)
	job.Data.Denormalize = preprocessing.Denormalize
	if !job.Cache.Off {
		job.Cache.Dir = s.Cache
	}
	if s.from == nil {
		job.Start = plan.Initializer(root, net, s.Seed)
	}
	job.Observer = &dashboards{session: s, net: net, head: job.Network.Head, preprocessing: preprocessing, plan: plan, images: job.Data.Val}
	return job
}

// planLayers chooses the architecture, and decides where each layer's initial values come from: the weights file or
// random initialization. A resumed run has no plan.
func (s *session) planLayers(ctx context.Context) (alexnet.Plan, error) {
	if s.from != nil {
		if s.from.Epoch >= s.Epochs {
			s.log.Warn("all epochs are done: raise --epochs to continue", "done", s.from.Epoch, "epochs", s.Epochs)
		}
		s.log.Info("resume", "checkpoint", s.from.Name, "epoch", s.from.Epoch, "step", s.from.Step)
		return nil, nil
	}
	var file *weights.File
	var err error
	if s.Weights == "" {
		s.log.Warn("no --weights: all layers train from scratch, which reaches a far lower accuracy than fine-tuning on a few thousand images")
	} else if file, err = s.loadWeights(ctx, pretrained.Options{CacheDir: s.UserCacheDir, Terminal: s.watch.Terminal, Log: s.log}); err != nil {
		return nil, err
	}
	if s.Config, err = s.resolve(file); err != nil {
		return nil, err
	}
	if s.Network.BFloat16, err = s.Precision.bfloat16Layers(s.Network, s.TrainLayers); err != nil {
		return nil, err
	}
	if file != nil {
		s.logUnusedWeights(file)
	}
	return alexnet.NewPlan(s.Network, file, s.layerSelection())
}

// logUnusedWeights warns of entries of the weights file that the network does not use.
func (s *session) logUnusedWeights(file *weights.File) {
	for _, l := range file.Layers {
		if !slices.Contains(s.Network.Architecture().LayerNames(), l.Name) {
			s.log.Warn("skipped a layer of the weights file that the network does not have", "layer", l.Name)
		}
	}
	if n := len(file.Other); n > 0 {
		s.log.Warn("skipped entries of the weights file that are not a layer's weights or biases", "count", n, "first", file.Other[:min(n, 5)])
	}
}
