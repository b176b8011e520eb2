package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"alexnet/classify"
	"alexnet/export"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/tfgraph"
)

const (
	// tolerance is the largest difference of a probability between run and export.
	tolerance = 1e-5
	// shown is how many validation pictures are compared, and atOnce how many in one run.
	shown, atOnce = 32, 16
)

// exporter compares what is written with the run's own model.
type exporter struct {
	app        *app
	model      *classify.Model
	limits     input.Limits
	val        []input.Example // the run's validation pictures, where they are still there
	valFrom    string
	examples   []input.Example // to compare on
	compared   int
	difference float64 // the largest of a probability
}

// findValidation finds the pictures that the run validated on. It is no error if they
// are gone or others: the card says then what the run measured.
func (x *exporter) findValidation(ctx context.Context, run finetune.Config) error {
	gone := func(reason any) { x.app.log.Info("the card has no confusion matrix: "+run.Data, "reason", reason) }
	if run.Data == "" {
		return nil
	}
	data, err := run.OpenData()
	if err != nil {
		gone(err)
		return nil
	}
	if data.Fingerprint() != run.Fingerprint {
		gone("these are not the pictures that the run began with")
		return nil
	}
	if len(data.Val) == 0 {
		gone("the run had no pictures to validate on")
		return nil
	}
	broken, err := x.app.verify(ctx, x.model.Source.Description.Preprocessing, x.model.Loader(data.Val, 1), false)
	if err != nil {
		return err
	}
	x.val, x.valFrom = input.Without(data.Val, broken), data.ValFrom
	for _, path := range []string{run.Data, run.Val} {
		if filepath.IsAbs(path) {
			x.valFrom = strings.ReplaceAll(x.valFrom, path, filepath.Base(path))
		}
	}
	return nil
}

// evaluate measures the model on the validation pictures, for its card.
func (x *exporter) evaluate(ctx context.Context) (*export.Evaluation, error) {
	if len(x.val) == 0 {
		return nil, nil
	}
	report, err := x.model.Evaluate(ctx, x.val, atOnce)
	if err != nil {
		return nil, err
	}
	return &export.Evaluation{Data: x.valFrom, Report: report}, nil
}

// choose takes the pictures to compare on: those that were asked for, or some of the
// validation's, and always drawn ones, of which one is turned.
func (x *exporter) choose(asked []string, dir string) error {
	drawn, err := drawChecks(dir)
	if err != nil {
		return err
	}
	paths, problems := input.Expand(asked, x.app.stdin)
	given, refused := input.ExamplesFromPaths(append(paths, drawn...), input.Options{})
	if problems = append(problems, refused...); len(problems) > 0 {
		return fmt.Errorf("--check: %v", problems[0])
	}
	x.examples = given
	if asked == nil {
		step := max(1, len(x.val)/shown)
		for i := 0; i < len(x.val); i += step {
			x.examples = append(x.examples, x.val[i])
		}
	}
	return nil
}

// compare loads what was written as other programs do, and has it answer beside the run.
func (x *exporter) compare(ctx context.Context, dir string) error {
	loaded, err := export.Load(dir, onCPU)
	if err != nil {
		return err
	}
	defer loaded.Close()
	for examples := range slices.Chunk(x.examples, atOnce) {
		want, err := x.ofRun(ctx, examples)
		if err != nil {
			return err
		}
		for _, signature := range []string{"oriented", export.DefaultSignature} {
			got, err := ask(ctx, loaded, signature, examples, x.limits)
			if err != nil {
				return err
			}
			if err := x.hold(signature, examples, got, want); err != nil {
				return err
			}
		}
	}
	x.compared = len(x.examples)
	return nil
}

// ofRun are the run's probabilities for each picture, in the order of the classes.
func (x *exporter) ofRun(ctx context.Context, examples []input.Example) (all [][]float32, err error) {
	images := func(yield func(classify.Image) bool) {
		for _, ex := range examples {
			if !yield(classify.FromExample(ex)) {
				return
			}
		}
	}
	for result, err := range x.model.ClassifyAll(ctx, images) {
		if err != nil {
			return nil, err
		}
		all = append(all, result.Probabilities)
	}
	return all, nil
}

// answer is what an exported model says of a picture.
type answer struct {
	probabilities []float32 // by class
	class         string
}

// ask runs a signature on the pictures, as many at once as the run did, since kernels
// round by the size of a batch.
func ask(ctx context.Context, loaded *export.Loaded, signature string, examples []input.Example, limits input.Limits) ([]answer, error) {
	inputs, err := encodedInputs(examples, limits)
	if err != nil {
		return nil, err
	}
	defer closeTensors(inputs)
	out, err := loaded.Run(ctx, signature, inputs)
	if err != nil {
		return nil, err
	}
	defer closeTensors(out)
	answers := make([]answer, len(examples))
	for i, class := range tfgraph.StringData(out["class"]) {
		answers[i] = answer{slices.Clone(out["probabilities"].Row(i)), class}
	}
	return answers, nil
}

// hold compares answers with what the run says. As it is stored, a picture that is
// stored turned is not what the run sees.
func (x *exporter) hold(signature string, examples []input.Example, got []answer, want [][]float32) error {
	classes := x.model.Source.Description.Preprocessing.Classes
	for i, ex := range examples {
		if signature == export.DefaultSignature && ex.Orientation != 1 && x.model.Source.Description.Preprocessing.Orientation {
			continue
		}
		for j, p := range got[i].probabilities {
			d := math.Abs(float64(p) - float64(want[i][j]))
			if !(d <= tolerance) {
				return fmt.Errorf("compare with the run: %s by %s: got probability %g of %q, want %g", ex.Path, signature, p, classes[j], want[i][j])
			}
			x.difference = max(x.difference, d)
		}
		best := slices.Index(got[i].probabilities, slices.Max(got[i].probabilities))
		if got[i].class != classes[best] {
			return fmt.Errorf("compare with the run: %s by %s: got class %q, want %q", ex.Path, signature, got[i].class, classes[best])
		}
	}
	return nil
}

// encodedInputs are the pictures as the signatures take them.
func encodedInputs(examples []input.Example, limits input.Limits) (map[string]*tfgraph.Tensor, error) {
	encoded, orientations := make([][]byte, len(examples)), make([]int32, len(examples))
	for i, ex := range examples {
		var err error
		if encoded[i], err = input.Read(ex, limits); err != nil {
			return nil, err
		}
		orientations[i] = int32(ex.Orientation)
	}
	images, err := tfgraph.Strings(encoded, int64(len(examples)))
	if err != nil {
		return nil, err
	}
	turns, err := tfgraph.Of(orientations, int64(len(examples)))
	if err != nil {
		images.Close()
		return nil, err
	}
	return map[string]*tfgraph.Tensor{"images": images, "orientations": turns}, nil
}

func closeTensors(tensors map[string]*tfgraph.Tensor) {
	for _, t := range tensors {
		t.Close()
	}
}
