package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/caption"
	"alexnet/tfgraph"
)

func newPredict(a *app) *cobra.Command {
	var (
		asJSON  bool
		draw    string
		top     int
		batch   int
		formats string
		limits  input.Limits
		device  tfgraph.Device
	)
	cmd := &cobra.Command{
		Use:   "predict RUN FILE…",
		Short: "Classify images",
		Long: "Classify images. FILE may be an image, a folder, a glob pattern, or - for a list of paths on stdin.\n" +
			"RUN is a run directory, a checkpoint, or an exported model.\n" +
			"An image that cannot be read is reported, the others are still classified, and the exit code is 1.",
		Example: "  alexnet predict runs/1 cat.jpg\n  alexnet predict runs/1 holiday/ --draw drawn\n  find . -name '*.jpg' | alexnet predict runs/1 - --json",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			allowed, err := input.ParseFormats(formats)
			if err != nil {
				return usageError{fmt.Errorf("--formats: %w", err)}
			}
			model, err := a.openModel(ctx, args[0], device)
			if err != nil {
				return err
			}
			defer model.Close()
			model.Limits = limits
			paths, problems := input.Expand(args[1:], a.stdin)
			examples, refused := input.ExamplesFromPaths(paths, input.Options{Formats: allowed, Limits: limits})
			out := &predictions{app: a, json: asJSON}
			for _, p := range append(problems, refused...) {
				if err := out.print(eval.Prediction{Path: p.Path, Err: errors.New(p.Reason)}); err != nil {
					return err
				}
			}
			if draw != "" {
				if out.targets, err = targets(draw, examples); err != nil {
					return err
				}
			}
			if err := model.Predict(ctx, examples, batch, top, out.print); err != nil {
				return err
			}
			if out.failed > 0 {
				return errSilent
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object per line")
	f.StringVar(&draw, "draw", "", "write a copy of each image with its predicted class and probability drawn on it into this folder")
	f.IntVar(&top, "top", 5, "number of classes to print for each image")
	f.IntVar(&batch, "batch", 32, "batch size")
	registerDevice(f, &device)
	registerReadFlags(f, &formats, &limits.MaxPixels)
	return cmd
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

func (p *predictions) print(one eval.Prediction) error {
	if one.Err == nil {
		one.Err = p.draw(one)
	}
	if one.Err != nil {
		p.failed++
	}
	if p.json {
		return json.NewEncoder(p.app.stdout).Encode(one)
	}
	if one.Err != nil {
		_, err := fmt.Fprintf(p.app.stderr, "alexnet: error: %s: %v\n", one.Path, one.Err)
		return err
	}
	return printPrediction(p.app.stdout, one)
}

func printPrediction(w io.Writer, p eval.Prediction) error {
	_, err := fmt.Fprintf(w, "%s: %s %.1f %%", p.Path, p.Class, 100*p.Probability)
	for _, r := range p.Top[min(1, len(p.Top)):] {
		if err == nil {
			_, err = fmt.Fprintf(w, ", %s %.1f %%", r.Class, 100*r.Probability)
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w)
	}
	return err
}

func (p *predictions) draw(one eval.Prediction) error {
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
	var ranked []caption.Ranked
	for _, r := range one.Top[:min(shown, len(one.Top))] {
		ranked = append(ranked, caption.Ranked(r))
	}
	return caption.Save(t.path, caption.DrawRanked(img, ranked...))
}
