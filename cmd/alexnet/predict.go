package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"alexnet/classify"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/caption"
	"alexnet/internal/display"
	"alexnet/internal/hint"
)

// predictFlags are the flags of predict.
type predictFlags struct {
	finetune.Config // of which Device, Formats and MaxPixels are flags
	json            bool
	draw            string
	top, batch      int
}

func newPredict(a *app) *cobra.Command {
	flags := &predictFlags{Config: finetune.New("", "")}
	cmd := &cobra.Command{
		Use:   "predict RUN FILE…",
		Short: "Classify images",
		Long: "Classify images. FILE may be an image, a folder, a glob pattern, or - for a list of paths on stdin.\n" +
			"RUN is a run directory, a checkpoint, or an exported model.\n" +
			"An image that cannot be read is reported, the others are still classified, and the exit code is 1.",
		Example: "  alexnet predict runs/1 cat.jpg\n  alexnet predict runs/1 holiday/ --draw drawn\n  find . -name '*.jpg' | alexnet predict runs/1 - --json",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.predict(cmd.Context(), flags, args[0], args[1:])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.json, "json", false, "print one JSON object per line")
	f.StringVar(&flags.draw, "draw", "", "write a copy of each image with its predicted class and probability drawn on it into this folder")
	f.IntVar(&flags.top, "top", 5, "number of classes to print for each image")
	f.IntVar(&flags.batch, "batch", 32, "batch size")
	registerSettings(f, &flags.Config, "device", "formats", "max-pixels")
	return cmd
}

func (a *app) predict(ctx context.Context, flags *predictFlags, run string, files []string) error {
	opt, err := imageOptions(flags.Config)
	if err != nil {
		return err
	}
	if flags.top < 0 {
		return usageError{fmt.Errorf("--top: got %d, want at least 0", flags.top)}
	}
	model, err := a.openModel(ctx, run, flags.Device, classify.Options{Limits: opt.Limits, Batch: flags.batch})
	if err != nil {
		return err
	}
	defer model.Close()
	examples, problems := input.FindImages(files, a.stdin, opt)
	out := &predictions{app: a, json: flags.json}
	for _, p := range problems {
		if err := out.print(prediction{Path: p.Path, Error: p.Reason, Hint: p.Hint}); err != nil {
			return err
		}
	}
	if flags.draw != "" {
		if out.targets, err = targets(flags.draw, examples); err != nil {
			return err
		}
	}
	if err := out.printAll(ctx, model, examples, flags.top); err != nil {
		return err
	}
	a.warnIncomplete()
	if out.failed > 0 {
		return errSilent
	}
	return nil
}

// predictions prints predictions, one image per line.
type predictions struct {
	app     *app
	json    bool
	targets map[string]target // where to draw, by path
	failed  int
}

// target is an image to draw and the file to write it to.
type target struct {
	example input.Example
	path    string
}

func targets(dir string, examples []input.Example) (map[string]target, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("draw predictions: %w", err)
	}
	paths := make([]string, len(examples))
	for i, ex := range examples {
		paths[i] = ex.Path
	}
	byPath := make(map[string]target, len(examples))
	for i, name := range caption.TargetNames(paths) {
		byPath[examples[i].Path] = target{examples[i], filepath.Join(dir, name)}
	}
	return byPath, nil
}

// prediction is a line of output: the result for an image, or why there is none.
type prediction struct {
	Path string `json:"path"`
	*classify.Result
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

// printAll classifies the examples and prints their top classes, in order.
func (p *predictions) printAll(ctx context.Context, model *classify.Model, examples []input.Example, top int) error {
	i := 0
	for result, err := range model.ClassifyAll(ctx, classify.FromExamples(examples)) {
		one := prediction{Path: examples[i].Path, Result: &result}
		var refused *input.Error
		switch {
		case errors.As(err, &refused):
			one.Result, one.Error, one.Hint = nil, err.Error(), hint.Of(err)
		case err != nil:
			return err
		default:
			result.Top = result.Top[:min(top, len(result.Top))]
		}
		if err := p.print(one); err != nil {
			return err
		}
		i++
	}
	return nil
}

func (p *predictions) print(one prediction) error {
	if one.Error == "" {
		if err := p.draw(one); err != nil {
			one.Result, one.Error = nil, err.Error()
		}
	}
	if one.Error != "" {
		p.failed++
	}
	if p.json {
		return json.NewEncoder(p.app.stdout).Encode(one)
	}
	if one.Error != "" {
		_, err := fmt.Fprintf(p.app.stderr, "alexnet: error: %s: %s\n", one.Path, one.Error)
		if err == nil && one.Hint != "" {
			_, err = fmt.Fprintf(p.app.stderr, "alexnet: hint: %s\n", one.Hint)
		}
		return err
	}
	return printPrediction(p.app.stdout, one)
}

func printPrediction(w io.Writer, p prediction) error {
	_, err := fmt.Fprintf(w, "%s: %s %s", p.Path, p.Class, display.Percent(p.Probability))
	for _, r := range p.Top[min(1, len(p.Top)):] {
		if err == nil {
			_, err = fmt.Fprintf(w, ", %s %s", r.Class, display.Percent(r.Probability))
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w)
	}
	return err
}

func (p *predictions) draw(one prediction) error {
	t, ok := p.targets[one.Path]
	if !ok {
		return nil
	}
	encoded, err := os.ReadFile(one.Path)
	if err != nil {
		return err
	}
	img, err := caption.Decode(encoded, t.example.Orientation)
	if err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	const shown = 3
	var ranked []caption.Bar
	for _, r := range one.Top[:min(shown, len(one.Top))] {
		ranked = append(ranked, caption.Bar(r))
	}
	return caption.Save(t.path, caption.Draw(img, ranked...))
}
