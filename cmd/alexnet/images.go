package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/input"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
)

// imageFlags are the flags of commands that evaluate labeled images.
type imageFlags struct {
	bad     input.Policy
	formats string
	limits  input.Limits
}

func (p *imageFlags) register(f *pflag.FlagSet) {
	p.bad = input.Refuse
	registerImageFlags(f, &p.bad, &p.formats, &p.limits.MaxPixels)
}

// registerImageFlags adds the flags of every command that reads labeled images.
func registerImageFlags(f *pflag.FlagSet, bad *input.Policy, formats *string, maxPixels *int64) {
	f.StringVar((*string)(bad), "bad-images", string(*bad), "policy for images that cannot be decoded: error, skip (exclude them), or list (print them and exit)")
	registerReadFlags(f, formats, maxPixels)
}

// registerReadFlags adds the flags of every command that reads images.
func registerReadFlags(f *pflag.FlagSet, formats *string, maxPixels *int64) {
	f.StringVar(formats, "formats", "", "image formats to accept besides JPEG, PNG, GIF and BMP: webp, tiff")
	f.Int64Var(maxPixels, "max-pixels", 0, "maximum image size in pixels (default 100 million)")
}

func (p *imageFlags) options() (input.Options, error) {
	if err := p.bad.Validate(); err != nil {
		return input.Options{}, usageError{err}
	}
	formats, err := input.ParseFormats(p.formats)
	if err != nil {
		return input.Options{}, usageError{fmt.Errorf("--formats: %w", err)}
	}
	return input.Options{Formats: formats, Limits: p.limits}, nil
}

// verdictsDir is where the verdicts on images are cached; "" if there is no cache folder.
func verdictsDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "alexnet")
}

// verify decodes every example of the loader once, in the sandbox, and returns those that fail.
func (a *app) verify(ctx context.Context, preprocessing alexnet.Preprocessing, loader *input.Loader[*tfgraph.Tensor], ignoreVerdicts bool) ([]input.Excluded, error) {
	scanner, err := sandbox.Open(sandbox.Options{Preprocessing: preprocessing, Limits: loader.Limits, Fast: loader.Load, IgnoreVerdicts: ignoreVerdicts,
		Dir: verdictsDir(), Note: func(text string) { a.log.Info(text) }})
	if err != nil {
		return nil, err
	}
	defer scanner.Close()
	guarded := *loader
	guarded.Sandbox = scanner
	return guarded.Verify(ctx)
}

// printExcluded prints the images that cannot be used, for --bad-images list.
func (a *app) printExcluded(bad input.Listed) error {
	a.log.Info("checked all images", "unusable", len(bad))
	return input.WriteExcluded(a.stdout, bad)
}

// usable decodes every example once and applies the policy: it returns the examples that decode, or an error.
func (p *imageFlags) usable(ctx context.Context, a *app, problems []input.Excluded, model *classify.Model, examples []input.Example) ([]input.Example, error) {
	undecodable, err := a.verify(ctx, model.Source.Description.Preprocessing, model.Loader(examples, 1), false)
	if err != nil {
		return nil, err
	}
	problems = slices.Concat(problems, undecodable)
	err = p.bad.Apply(problems, func(problem input.Excluded) { a.log.Warn("excluded", "path", problem.Path, "reason", problem.Reason) })
	if err != nil {
		return nil, err
	}
	return input.Exclude(examples, problems)
}
