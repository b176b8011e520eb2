package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"alexnet/input"
	"alexnet/tfgraph"
)

// pictureFlags are the flags of every verb that reads labelled pictures.
type pictureFlags struct {
	bad     string
	formats string
	limits  input.Limits
}

func (p *pictureFlags) register(f *pflag.FlagSet) {
	f.StringVar(&p.bad, "bad-images", "error", "what a picture that cannot be read does: error, or skip to leave it out")
	f.StringVar(&p.formats, "formats", "", "formats to convert that TensorFlow does not read: webp, tiff")
	f.Int64Var(&p.limits.MaxPixels, "max-pixels", 0, "largest picture in pixels (default 100 million)")
}

func (p *pictureFlags) options() (input.Options, error) {
	if p.bad != "error" && p.bad != "skip" {
		return input.Options{}, usageError{fmt.Errorf("--bad-images: got %q, want error or skip", p.bad)}
	}
	formats, err := input.ParseFormats(p.formats)
	if err != nil {
		return input.Options{}, usageError{fmt.Errorf("--formats: %w", err)}
	}
	return input.Options{Formats: formats, Limits: p.limits}, nil
}

// judge names the problems, or gives an error where bad pictures are one.
func (p *pictureFlags) judge(a *app, problems []input.Problem) error {
	if len(problems) > 0 && p.bad == "error" {
		return badPictures(problems)
	}
	for _, problem := range problems {
		a.log.Warn("left out", "path", problem.Path, "reason", problem.Reason)
	}
	return nil
}

// refuse decodes every example once and returns those that fail beside the
// problems known already, or an error where bad pictures are one.
func (p *pictureFlags) refuse(ctx context.Context, a *app, problems []input.Problem, loader *input.Loader[*tfgraph.Tensor]) ([]input.Problem, error) {
	broken, err := loader.Verify(ctx)
	if err != nil {
		return nil, err
	}
	problems = slices.Concat(problems, broken)
	return problems, p.judge(a, problems)
}

// leave drops the refused pictures; none may be all.
func leave(examples []input.Example, refused []input.Problem) ([]input.Example, error) {
	kept := input.Drop(examples, refused)
	if len(kept) == 0 {
		return nil, fmt.Errorf("read pictures: %w: all %d were left out", input.ErrNoPictures, len(examples))
	}
	return kept, nil
}

func badPictures(problems []input.Problem) error {
	const named = 10
	var b strings.Builder
	fmt.Fprintf(&b, "read pictures: %d of the files cannot be used:", len(problems))
	for _, p := range problems[:min(named, len(problems))] {
		fmt.Fprintf(&b, "\n  %v", p)
	}
	if more := len(problems) - named; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	hint := "--bad-images skip leaves them out; alexnet doctor lists them all"
	if len(problems) == 1 && problems[0].Hint != "" {
		hint = problems[0].Hint + ", or leave it out with --bad-images skip"
	}
	return hinted{fmt.Errorf("%s", b.String()), hint}
}
