package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/npy"
	"alexnet/tfgraph"
	"alexnet/train"
)

func newTrain(a *app) *cobra.Command {
	f := new(trainFlags)
	cmd := &cobra.Command{
		Use:   "train DATA",
		Short: "Fine-tune AlexNet on a folder of photographs",
		Long: "Fine-tune AlexNet on photographs. DATA is a folder with one folder a class, a folder of files named\n" +
			"cat.0.jpg dog.0.jpg …, a list of lines `path label`, or a folder that holds train and val or test.\n\n" +
			"The run directory gets a checkpoint an epoch, TensorBoard's event files, metrics.csv and config.json.\n" +
			"Ctrl-C finishes the update, saves, and --resume goes on from there.",
		Example: "  alexnet train photos --weights bvlc_alexnet.npy --out runs/1\n" +
			"  alexnet train photos --weights bvlc_alexnet.npy --train-layers all --lr 1e-4 --val 0.2\n" +
			"  alexnet train --out runs/1 --resume --epochs 20",
		Args: func(cmd *cobra.Command, args []string) error {
			if f.resume {
				return cobra.MaximumNArgs(1)(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, from, err := f.open(cmd, args)
			if err != nil {
				return err
			}
			return a.train(cmd.Context(), s, f.out, from)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// open decides between a new run and one to go on with.
func (f *trainFlags) open(cmd *cobra.Command, args []string) (s settings, from *checkpoint.Meta, err error) {
	if f.out == "" && len(args) == 1 {
		f.out = filepath.Join("runs", filepath.Base(absolute(args[0])))
	}
	all, err := train.Checkpoints(f.out).List()
	if err != nil {
		return s, nil, err
	}
	if !f.resume {
		if len(all) > 0 {
			return s, nil, hinted{fmt.Errorf("open run %q: it holds a run of %d epochs already", f.out, all[len(all)-1].Epoch),
				"go on with it with --resume, or name another --out"}
		}
		s, err = f.settings(args[0])
		return s, nil, err
	}
	if s, err = f.resumed(cmd.Flags(), args); err != nil {
		return s, nil, err
	}
	if len(all) == 0 {
		return s, nil, hinted{fmt.Errorf("resume run %q: %w", f.out, checkpoint.ErrNone), "without --resume a new run begins"}
	}
	return s, &all[len(all)-1], nil
}

// train wires the packages for one run, which begins, or goes on at from.
func (a *app) train(ctx context.Context, s settings, out string, from *checkpoint.Meta) error {
	a.log.Info("kernels", "tensorflow", tfgraph.Version(), "use", kernels(), "arithmetic", format(s.Network))
	data, err := a.openData(&s)
	if err != nil {
		return err
	}
	s.Network.Classes = len(data.Classes)
	s.Network = s.Network.WithDefaults()
	plan, err := a.plan(s, from)
	if err != nil {
		return err
	}
	if err := sameData(&s, data, from); err != nil {
		return err
	}
	contract := alexnet.NewContract(s.Network.Size, s.Resize, !s.IgnoreOrientation, data.Classes)
	contract.Decode = s.decode()
	decoder, err := alexnet.NewDecoder(contract, tfgraph.Options{})
	if err != nil {
		return err
	}
	defer decoder.Close()

	root := op.NewScope()
	net := alexnet.Build(root, s.Network, s.dropped()...)
	job := train.Job{
		Dir: out, Data: a.loaders(s, data, decoder), Resume: from, Progress: newProgress(a),
		Meta: checkpoint.Meta{Network: s.Network, Contract: contract},
		Settle: func(broken []input.Problem) (json.RawMessage, error) {
			return a.settle(s, data, broken, from, out)
		},
		Network: train.Network{
			Root: root, Tape: net.Tape, Variables: net.Variables, Trained: net.VariablesOf(s.TrainLayers),
			Head:     eval.NewHead(root, net.Images, net.Logits, net.Config.Classes),
			DropRate: net.Dropout.Rate, DropSeed: net.Dropout.Seed,
		},
	}
	job.Network.Boundary, _ = net.Boundary(s.TrainLayers)
	job.Data.Picture = contract.Picture
	if job.Cache = (train.Cache{Off: s.Cache == "off", Budget: s.CacheMemory << 20, Half: s.CacheHalf}); s.Cache != "off" {
		job.Cache.Dir = s.Cache
	}
	if from == nil {
		job.Start = plan.Start(root, net, s.Seed)
	}
	a.sayMemory(train.Memory(s.Config, job))
	fmt.Fprintf(a.stdout, "watch it: tensorboard --logdir %s\n", train.Events(out))
	if err := train.Run(ctx, s.Config, job); err != nil {
		return resumeHint(err, out)
	}
	return a.conclude(out)
}

// sayMemory states what the run will take, and what to do where there is less.
func (a *app) sayMemory(f train.Footprint) {
	a.log.Info("memory", "at most", bytesText(f.Total()), "activations", bytesText(f.Activations), "features", bytesText(f.Features))
	if free := readMachine(rootFS).free(); free > 0 && free < f.Total() {
		a.log.Warn("less memory is free than the run may take: a smaller --micro-batch or --cache-memory takes less", "free", bytesText(free))
	}
}

// openData finds the pictures, and says what it noticed.
func (a *app) openData(s *settings) (*input.Data, error) {
	pictures := s.pictures()
	opt, err := pictures.options()
	if err != nil {
		return nil, err
	}
	opt.Val, opt.Seed = s.Val, s.Seed
	data, err := input.Open(s.Data, opt)
	if err != nil {
		return nil, err
	}
	for _, note := range data.Notes {
		a.log.Info(note)
	}
	if err := pictures.judge(a, data.Problems); err != nil {
		return nil, err
	}
	return data, nil
}

func (s settings) decode() alexnet.Decode {
	if s.Decode == "exact" {
		return alexnet.DecodeExact
	}
	return alexnet.Decode(s.Decode)
}

func (s settings) pictures() pictureFlags {
	return pictureFlags{bad: s.BadImages, formats: s.Formats, limits: input.Limits{MaxPixels: s.MaxPixels}}
}

// loaders makes the streams of training and validation pictures.
func (a *app) loaders(s settings, data *input.Data, decoder *alexnet.Decoder) train.Data {
	stream := func(examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
		l := eval.NewLoader(decoder, s.Network.Size, examples, batch)
		l.Limits.MaxPixels = s.MaxPixels
		return l
	}
	d := train.Data{Train: stream(data.Train, s.Batch), Classes: data.Classes}
	a.log.Info("pictures", "train", len(data.Train), "validation", len(data.Val), "classes", len(data.Classes), "layout", data.Layout)
	if len(data.Val) > 0 {
		d.Val = stream(data.Val, min(s.Batch, 64))
	} else {
		a.log.Warn("no pictures to validate on: the accuracy is not measured; --val 0.2 keeps a fifth back")
	}
	return d
}

// settle puts up with the pictures that cannot be decoded, or not, and writes
// down what the run is made from.
func (a *app) settle(s settings, data *input.Data, broken []input.Problem, from *checkpoint.Meta, out string) (json.RawMessage, error) {
	pictures := s.pictures()
	if err := pictures.judge(a, broken); err != nil {
		return nil, err
	}
	kept, err := leave(data.Train, broken)
	if err != nil {
		return nil, err
	}
	if from != nil && s.Used != len(kept) {
		return nil, otherData(s)
	}
	s.Used = len(kept)
	return s.write(out)
}

// sameData refuses to resume on other pictures: a position in their order would
// mean nothing.
func sameData(s *settings, data *input.Data, from *checkpoint.Meta) error {
	now := data.Fingerprint()
	if from != nil && s.Fingerprint != now {
		return otherData(*s)
	}
	s.Fingerprint = now
	return nil
}

func otherData(s settings) error {
	return hinted{fmt.Errorf("resume run: the pictures of %q are not those that the run began with", s.Data),
		"bring them back, or begin a new run with this one's model as the start"}
}

// dropped are the layers that dropout follows: a frozen layer's output is not
// dropped.
func (s settings) dropped() []string {
	if s.Dropout == 0 {
		return nil
	}
	return slices.DeleteFunc([]string{"fc6", "fc7"}, func(l string) bool { return !slices.Contains(s.TrainLayers, l) })
}

// write puts the settings into the run directory and gives them for what each
// checkpoint says of itself.
func (s settings) write(out string) (json.RawMessage, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	return text, checkpoint.WriteFile(configPath(out), append(text, '\n'))
}

// plan compares network and weights file and shows what comes of it. A resumed
// run has its values already and needs no file.
func (a *app) plan(s settings, from *checkpoint.Meta) (alexnet.Plan, error) {
	if from != nil {
		if from.Epoch >= s.Epochs {
			a.log.Warn("nothing left to do: raise --epochs to go on", "done", from.Epoch, "epochs", s.Epochs)
		}
		a.log.Info("resume", "checkpoint", from.Name, "epoch", from.Epoch, "step", from.Step)
		return nil, nil
	}
	var file *npy.Weights
	if s.Weights != "" {
		var err error
		if file, err = npy.Open(s.Weights); err != nil {
			return nil, err
		}
	}
	plan, err := alexnet.NewPlan(s.Network, file, s.choice())
	if err != nil {
		return nil, err
	}
	if file == nil {
		a.log.Warn("no --weights: all layers train from scratch, which reaches far lower accuracy than fine-tuning on some thousand photographs")
	}
	a.printPlan(plan, file)
	return plan, nil
}

func (a *app) printPlan(plan alexnet.Plan, file *npy.Weights) {
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "layer\tweights\tbiases\tparameters\tfrom\t")
	for _, l := range plan {
		state := "frozen"
		if l.Trained {
			state = "trained"
		}
		fmt.Fprintf(t, "%s\t%v\t%v\t%d\t%s\t%s\n", l.Name, l.Weights, l.Biases, l.Parameters(), l.Source(), state)
	}
	t.Flush()
	if file == nil {
		return
	}
	for _, name := range file.Layers() {
		if !slices.Contains(alexnet.LayerNames, name) {
			a.log.Warn("the weights file has a layer that AlexNet does not: skipped", "layer", name)
		}
	}
	for _, name := range file.Other {
		a.log.Warn("the weights file has an entry that is no layer: skipped", "entry", name)
	}
}

// resumeHint tells who interrupted a run how to go on.
func resumeHint(err error, out string) error {
	var stopped *train.InterruptedError
	if errors.As(err, &stopped) && stopped.Checkpoint != "" {
		return hinted{err, "go on with: alexnet train --out " + out + " --resume"}
	}
	if errors.Is(err, train.ErrBusy) {
		return hinted{err, "wait for it, or name another --out"}
	}
	return err
}

// conclude names the best checkpoint.
func (a *app) conclude(out string) error {
	all, err := train.Checkpoints(out).List()
	if err != nil {
		return err
	}
	best, ok := checkpoint.Best(all)
	if !ok {
		return nil
	}
	if m := best.Metrics; m != nil {
		fmt.Fprintf(a.stdout, "best: epoch %d, accuracy %.4f on %d validation pictures\n", best.Epoch, m.Accuracy, m.Count)
	}
	fmt.Fprintf(a.stdout, "use it: alexnet predict %s FILE…\n", out)
	return nil
}
