package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"alexnet/checkpoint"
	"alexnet/classify"
	"alexnet/export"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/atomicfile"
	"alexnet/internal/hint"
	"alexnet/internal/regular"
	"alexnet/tfgraph"
)

// exportFlags are the flags of export.
type exportFlags struct {
	out         string
	format      string
	minAccuracy float64
	check       []string
}

var exportFormats = []string{savedModelFormat, checkpointFormat, onnxFormat, "safetensors", "npy", "npz"}

// Formats that are not files of weights.
const (
	savedModelFormat = "savedmodel"
	checkpointFormat = "checkpoint"
	onnxFormat       = "onnx"
)

func newExport(a *app) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export RUN --out DIR",
		Short: "Export a model: SavedModel, ONNX, safetensors, checkpoint, .npy, .npz",
		Long: "Export a model for other programs. The export is compared with the run before it gets its name.\n\n" +
			"A SavedModel classifies image files: decoding, preprocessing and class names are in its graph. TensorFlow loads\n" +
			"it and its predictions are compared on images of the run's validation split. predict and eval accept it in place\n" +
			"of a run. For TensorFlow Serving, let DIR end in a version number, as in models/flowers/1.\n\n" +
			"--format onnx writes a file for ONNX's runtimes, with preprocessing of decoded images in its graph.\n\n" +
			"--format checkpoint writes a TensorFlow checkpoint without optimizer state into the directory DIR. safetensors, npy\n" +
			"and npz write the file DIR: PyTorch's tensors, with torchvision's names for owt; the dictionary of bvlc_alexnet.npy;\n" +
			"or plain arrays.",
		Example: "  alexnet export runs/1 --out models/flowers/1\n" +
			"  alexnet export runs/1 --out models/flowers/2 --min-accuracy 0.9 --check holiday/\n" +
			"  alexnet export runs/1 --out flowers.onnx --format onnx\n" +
			"  alexnet export runs/1 --out flowers.npy --format npy",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.export(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "directory to write, or file with --format onnx, safetensors, npy and npz")
	flags.StringVar(&f.format, "format", savedModelFormat, strings.Join(exportFormats, ", "))
	flags.Float64Var(&f.minAccuracy, "min-accuracy", 0, "refuse a model of lower validation accuracy, 0 to 1")
	flags.StringArrayVar(&f.check, "check", nil, "image, directory or pattern to compare export and run on; may be repeated (default validation images)")
	return cmd
}

func (f exportFlags) validate() error {
	var errs []error
	if f.out == "" {
		errs = append(errs, errors.New("--out: got none, want a path"))
	}
	if !slices.Contains(exportFormats, f.format) {
		errs = append(errs, fmt.Errorf("--format: got %q, want one of %v", f.format, exportFormats))
	}
	if !(f.minAccuracy >= 0 && f.minAccuracy <= 1) {
		errs = append(errs, fmt.Errorf("--min-accuracy: got %g, want 0 to 1", f.minAccuracy))
	}
	if f.check != nil && f.format != savedModelFormat && f.format != onnxFormat {
		errs = append(errs, fmt.Errorf("--check: got --format %s, want %s or %s", f.format, savedModelFormat, onnxFormat))
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
	if err := checkAccuracy(*meta, f.minAccuracy); err != nil {
		return err
	}
	if err := f.checkOut(); err != nil {
		return err
	}
	var run finetune.Config // stays empty for a checkpoint without settings
	if json.Unmarshal(meta.Config, &run) == nil {
		if meta.Config, err = json.Marshal(run.WithBaseNames()); err != nil {
			return err
		}
	}
	switch f.format {
	case savedModelFormat, onnxFormat:
		err = a.exportGraph(ctx, f, source, run)
	case checkpointFormat:
		err = export.Checkpoint(ctx, f.out, source)
	default:
		err = export.Weights(f.out, source)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "wrote %s: %s, epoch %d\n", f.out, meta.Name, meta.Epoch)
	return err
}

// checkOut refuses an output path before the export begins.
func (f exportFlags) checkOut() error {
	isFile := f.format != savedModelFormat && f.format != checkpointFormat
	err := atomicfile.CheckVacant(f.out)
	if _, statErr := os.Stat(f.out); err == nil && statErr == nil && isFile {
		err = errors.New("it is a directory, want a file name")
	}
	if err != nil {
		return hint.With(fmt.Errorf("export to %q: %w", f.out, regular.Reason(err)), "choose another --out, or remove the existing one")
	}
	if got, want := filepath.Ext(f.out), "."+f.format; isFile && got != want {
		return usageError{fmt.Errorf("--out: got %q, want a name that ends in %s", f.out, want)}
	}
	return nil
}

// checkAccuracy refuses a model of lower validation accuracy.
func checkAccuracy(m checkpoint.Meta, min float64) error {
	switch {
	case min == 0:
		return nil
	case m.Metrics == nil:
		return hint.With(fmt.Errorf("export %q: got no validation accuracy, want at least %g", m.Name, min), "train with a validation split: --val")
	case m.Metrics.Accuracy < min:
		return hint.With(fmt.Errorf("export %q: got accuracy %.4f on %d validation images, want at least %g",
			m.Name, m.Metrics.Accuracy, m.Metrics.Count, min), "train longer, or lower --min-accuracy")
	}
	return nil
}

const (
	compared    = 32 // validation images that the export is compared on
	exportBatch = 16 // images per batch
)

// exportGraph exports a SavedModel or an ONNX model, which contain the graph.
func (a *app) exportGraph(ctx context.Context, f exportFlags, source export.Source, run finetune.Config) error {
	limits := input.Limits{MaxPixels: run.MaxPixels}
	options := classify.Options{Limits: limits, Batch: exportBatch, Session: tfgraph.Options{Device: tfgraph.CPU}}
	model, err := classify.Load(ctx, source.Float32(), options)
	if err != nil {
		return err
	}
	defer model.Close()
	val, valFrom, err := a.validationImages(ctx, model, run)
	if err != nil {
		return err
	}
	reference := &export.Reference{Limits: limits, Preprocessing: source.Description.Preprocessing, Predict: predictor(model)}
	if reference.Examples, err = a.comparedImages(f.check, val); err != nil {
		return err
	}
	o := export.Options{Version: ownVersion(), Reference: reference}
	if f.format == onnxFormat {
		found, err := export.ONNX(ctx, f.out, source, o)
		if err != nil {
			return err
		}
		return a.printComparison(found)
	}
	if len(val) > 0 {
		report, err := model.Evaluate(ctx, val, exportBatch)
		if err != nil {
			return err
		}
		o.Evaluation = &export.Evaluation{Data: valFrom, Report: report}
	}
	card, found, err := export.SavedModel(ctx, f.out, source, o)
	if err != nil {
		return err
	}
	if err := a.printComparison(found); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "fingerprint %s\n", card.Fingerprint)
	return err
}

func (a *app) printComparison(found export.Comparison) error {
	_, err := fmt.Fprintf(a.stdout, "compared with the run on %d images: largest difference of a probability %.1g\n", found.Images, found.MaxDifference)
	return err
}

// validationImages are those of the run that can be decoded, and a description of them. If they are missing or have
// changed, it returns none: the card then shows the run's metrics alone.
func (a *app) validationImages(ctx context.Context, model *classify.Model, run finetune.Config) ([]input.Example, string, error) {
	if run.Data == "" {
		return nil, "", nil
	}
	run.UserCacheDir = userCacheDir()
	data, err := run.OpenData()
	switch {
	case err == nil && !run.SameDataset(data):
		err = errors.New("the dataset has changed since the run began")
	case err == nil && len(data.Val) == 0:
		err = errors.New("the run has no validation split")
	}
	if err != nil {
		a.log.Info("the card has no confusion matrix: "+run.Data, "reason", err)
		return nil, "", nil
	}
	undecodable, err := a.verify(ctx, model, data.Val)
	if err != nil {
		return nil, "", err
	}
	from := data.ValFrom
	for _, path := range []string{run.Data, run.Val} {
		if filepath.IsAbs(path) {
			from = strings.ReplaceAll(from, path, filepath.Base(path))
		}
	}
	return input.Without(data.Val, undecodable), from, nil
}

// comparedImages are those of --check, or some of the validation images.
func (a *app) comparedImages(check []string, val []input.Example) (examples []input.Example, err error) {
	if check == nil {
		step := max(1, len(val)/compared)
		for i := 0; i < len(val); i += step {
			examples = append(examples, val[i])
		}
		return examples, nil
	}
	examples, problems := input.FindImages(check, a.stdin, input.Options{})
	if len(problems) > 0 {
		return nil, fmt.Errorf("--check: %v", problems[0])
	}
	return examples, nil
}

// predictor returns the model's probabilities of each example, a batch at a time.
func predictor(model *classify.Model) func(context.Context, []input.Example) ([][]float32, error) {
	return func(ctx context.Context, examples []input.Example) (rows [][]float32, err error) {
		for result, err := range model.ClassifyAll(ctx, classify.FromExamples(examples)) {
			if err != nil {
				return nil, err
			}
			rows = append(rows, result.Probabilities)
		}
		return rows, nil
	}
}
