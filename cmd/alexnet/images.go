package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"alexnet/alexnet"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
)

// pictureFlags are the flags of the verbs that measure labelled pictures.
type imageFlags struct {
	bad     input.Policy
	formats string
	limits  input.Limits
}

func (p *imageFlags) register(f *pflag.FlagSet) {
	p.bad = input.Refuse
	registerImageFlags(f, &p.bad, &p.formats, &p.limits.MaxPixels)
}

// registerPictures are the flags of every verb that reads labelled pictures.
func registerImageFlags(f *pflag.FlagSet, bad *input.Policy, formats *string, maxPixels *int64) {
	f.StringVar((*string)(bad), "bad-images", string(*bad), "what a picture that cannot be read does: error; skip to leave it out; or list to print all of those and do no more")
	registerReadFlags(f, formats, maxPixels)
}

// registerReading are the flags of every verb that reads pictures.
func registerReadFlags(f *pflag.FlagSet, formats *string, maxPixels *int64) {
	f.StringVar(formats, "formats", "", "formats to convert that TensorFlow does not read: webp, tiff")
	f.Int64Var(maxPixels, "max-pixels", 0, "largest picture in pixels (default 100 million)")
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

// verdictsDir is where the user's verdicts on pictures are kept; "" if nowhere.
func verdictsDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "alexnet")
}

// verify decodes every example of the loader once, by the contract, where one
// that crashes a decoder does no harm, and returns those that fail.
func (a *app) verify(ctx context.Context, contract alexnet.Preprocessing, loader *input.Loader[*tfgraph.Tensor], anew bool) ([]input.Excluded, error) {
	scanner, err := sandbox.Open(sandbox.Options{Preprocessing: contract, Limits: loader.Limits, Fast: loader.Load, IgnoreVerdicts: anew,
		Dir: verdictsDir(), Note: func(text string) { a.log.Info(text) }})
	if err != nil {
		return nil, err
	}
	defer scanner.Close()
	guarded := *loader
	guarded.Sandbox = scanner
	return guarded.Verify(ctx)
}

// list prints the pictures that cannot be used, where nothing else was asked for.
func (a *app) printExcluded(bad input.Listed) error {
	a.log.Info("all pictures were looked at", "cannot be used", len(bad))
	return input.WriteExcluded(a.stdout, bad)
}

// refuse decodes every example once and returns those that are left: not those
// that fail, nor may there be any where bad pictures are an error.
func (p *imageFlags) usable(ctx context.Context, a *app, problems []input.Excluded, model *eval.Classifier, examples []input.Example) ([]input.Example, error) {
	broken, err := a.verify(ctx, model.Meta.Preprocessing, model.Loader(examples, 1), false)
	if err != nil {
		return nil, err
	}
	problems = slices.Concat(problems, broken)
	err = p.bad.Apply(problems, func(problem input.Excluded) { a.log.Warn("left out", "path", problem.Path, "reason", problem.Reason) })
	if err != nil {
		return nil, err
	}
	return input.Exclude(examples, problems)
}
