package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/classify"
	"alexnet/export"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/hint"
	"alexnet/tfgraph"
)

// exportFlags are the flags of export.
type exportFlags struct {
	out         string
	format      string
	minAccuracy float64
	check       []string
}

// onCPU is where the run and what was written of it are compared: with the same kernels, and without a GPU too.
var onCPU = tfgraph.Options{Device: tfgraph.CPU}

var exportFormats = []string{"savedmodel", "checkpoint", "npy", "npz"}

func newExport(a *app) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export RUN --out DIR",
		Short: "Write a run's model for other programs: SavedModel, checkpoint, .npy, .npz",
		Long: "Write a run's model for other programs to load.\n\n" +
			"A SavedModel takes picture files as they are and gives class names: decoding, preprocessing and names are in\n" +
			"it. Before it gets its name it is loaded by TensorFlow and compared with the run, on validation pictures where\n" +
			"they are still there. predict and eval take it in place of a run. For TensorFlow Serving, let DIR end in a\n" +
			"version number, as in models/flowers/1.\n\n" +
			"--format checkpoint writes a TensorFlow checkpoint without the optimiser's state into the folder DIR; npy and\n" +
			"npz write DIR as one file, the dictionary of bvlc_alexnet.npy or plain arrays.",
		Example: "  alexnet export runs/1 --out models/flowers/1\n" +
			"  alexnet export runs/1 --out models/flowers/2 --min-accuracy 0.9 --check holiday/\n" +
			"  alexnet export runs/1 --out flowers.npy --format npy",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.export(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "folder to write, or file with --format npy and npz")
	flags.StringVar(&f.format, "format", exportFormats[0], "savedmodel, checkpoint, npy or npz")
	flags.Float64Var(&f.minAccuracy, "min-accuracy", 0, "write nothing if the run measured a lower validation accuracy, from 0 to 1")
	flags.StringArrayVar(&f.check, "check", nil, "picture, folder or pattern to compare model and run on; may be repeated (default validation pictures)")
	return cmd
}

func (f exportFlags) validate() error {
	var errs []error
	if f.out == "" {
		errs = append(errs, errors.New("--out: got none, want what to write"))
	}
	if !slices.Contains(exportFormats, f.format) {
		errs = append(errs, fmt.Errorf("--format: got %q, want one of %v", f.format, exportFormats))
	}
	if !(f.minAccuracy >= 0 && f.minAccuracy <= 1) {
		errs = append(errs, fmt.Errorf("--min-accuracy: got %g, want 0 to 1", f.minAccuracy))
	}
	if f.check != nil && f.format != exportFormats[0] {
		errs = append(errs, fmt.Errorf("--check: only a savedmodel is compared, got --format %s", f.format))
	}
	if err := errors.Join(errs...); err != nil {
		return usageError{err}
	}
	return nil
}

func (a *app) export(ctx context.Context, path string, f exportFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	source, err := classify.Find(path)
	if err != nil {
		return err
	}
	meta := &source.Checkpoint
	if err := atLeast(*meta, f.minAccuracy); err != nil {
		return err
	}
	if err := f.vacant(); err != nil {
		return err
	}
	var run finetune.Config
	if json.Unmarshal(meta.Config, &run) == nil { // where a run left no settings there are no pictures either
		if meta.Config, err = json.Marshal(run.WithBaseNames()); err != nil {
			return err
		}
	}
	if f.format == exportFormats[0] {
		err = a.exportSavedModel(ctx, f, source, run)
	} else {
		err = exportWeights(ctx, f, source)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "wrote %s: %s, epoch %d\n", f.out, meta.Name, meta.Epoch)
	return err
}

// vacant refuses to overwrite anything, before the long work begins.
func (f exportFlags) vacant() error {
	err := export.CheckVacant(f.out)
	if _, lookErr := os.Stat(f.out); err == nil && lookErr == nil && strings.HasPrefix(f.format, "np") {
		err = errors.New("it is a folder, want the name of a file")
	}
	if err != nil {
		return hint.With(fmt.Errorf("export to %q: %w", f.out, reasonOf(err)), "name another --out, or remove what is there")
	}
	return nil
}

// atLeast refuses a model that the run found to be worse.
func atLeast(m checkpoint.Meta, accuracy float64) error {
	switch {
	case accuracy == 0:
		return nil
	case m.Metrics == nil:
		return hint.With(fmt.Errorf("export %q: the run measured no accuracy of it, want at least %g", m.Name, accuracy), "train with pictures to validate on: --val")
	case m.Metrics.Accuracy < accuracy:
		return hint.With(fmt.Errorf("export %q: got accuracy %.4f on %d validation pictures, want at least %g",
			m.Name, m.Metrics.Accuracy, m.Metrics.Count, accuracy), "train on, or lower --min-accuracy")
	}
	return nil
}

func (a *app) exportSavedModel(ctx context.Context, f exportFlags, source export.Source, run finetune.Config) error {
	if source.Description.Preprocessing.Decode == alexnet.DecodeFast {
		a.log.Info("the model shrinks large JPEG while decoding, as the run does")
	}
	source = source.Float32()
	model, err := classify.Load(ctx, source, classify.Options{Limits: input.Limits{MaxPixels: run.MaxPixels}, Session: onCPU, Batch: atOnce})
	if err != nil {
		return err
	}
	defer model.Close()
	x := exporter{app: a, model: model, limits: input.Limits{MaxPixels: run.MaxPixels}}
	if err := x.findValidation(ctx, run); err != nil {
		return err
	}
	drawn, err := os.MkdirTemp("", "alexnet")
	if err != nil {
		return fmt.Errorf("draw pictures: %w", err)
	}
	defer os.RemoveAll(drawn)
	if err := x.choose(f.check, drawn); err != nil {
		return err
	}
	e := export.Export{Source: source, Version: ownVersion(), Check: x.compare}
	if e.Evaluation, err = x.evaluate(ctx); err != nil {
		return err
	}
	card, err := export.Write(ctx, f.out, e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "compared with the run on %d pictures: largest difference of a probability %.1g\nfingerprint %s\n",
		x.compared, x.difference, card.Fingerprint)
	return err
}
