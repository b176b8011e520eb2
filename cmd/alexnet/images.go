package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
)

// imageOptions are the settings of c about reading images.
func imageOptions(c finetune.Config) (input.Options, error) {
	formats, err := input.ParseFormats(c.Formats)
	return input.Options{Formats: formats, Limits: input.Limits{MaxPixels: c.MaxPixels}}, err
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
func (a *app) usable(ctx context.Context, policy input.Policy, problems []input.Excluded, model *classify.Model, examples []input.Example) ([]input.Example, error) {
	undecodable, err := a.verify(ctx, model.Source.Description.Preprocessing, model.Loader(examples, 1), false)
	if err != nil {
		return nil, err
	}
	problems = slices.Concat(problems, undecodable)
	err = policy.Apply(problems, func(problem input.Excluded) { a.log.Warn("excluded", "path", problem.Path, "reason", problem.Reason) })
	if err != nil {
		return nil, err
	}
	return input.Exclude(examples, problems)
}
