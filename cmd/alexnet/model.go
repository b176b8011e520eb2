package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/display"
	"alexnet/internal/rundir"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
)

// imageOptions are the settings of c about reading images.
func imageOptions(c finetune.Config) (input.Options, error) {
	formats, err := input.ParseFormats(c.Formats)
	return input.Options{Layout: c.Layout, Formats: formats, Limits: input.Limits{MaxPixels: c.MaxPixels}}, err
}

// userCacheDir has the hashes of images, the verdicts on them and pretrained weights; "" if there is no cache folder.
func userCacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "alexnet")
}

// sandboxOptions say where verdicts on images are cached, and log the sandbox's notes.
func (a *app) sandboxOptions() sandbox.Options {
	return sandbox.Options{Dir: userCacheDir(), Note: func(text string) { a.log.Info(text) }}
}

// verify decodes every example once, in the sandbox, and returns those that fail.
func (a *app) verify(ctx context.Context, model *classify.Model, examples []input.Example) ([]input.Excluded, error) {
	opt := a.sandboxOptions()
	opt.Preprocessing = model.Source.Description.Preprocessing
	return sandbox.Verify(ctx, opt, model.Loader(examples, 1))
}

// printExcluded prints the images that cannot be used, for --bad-images list.
func (a *app) printExcluded(bad input.Listed) error {
	a.log.Info("checked all images", "unusable", len(bad))
	_, err := a.stdout.Write(rundir.FormatExcluded(bad))
	return err
}

// usable decodes every example once and applies the policy: it returns the examples that decode, or an error.
func (a *app) usable(ctx context.Context, policy input.Policy, problems []input.Excluded, model *classify.Model, examples []input.Example) ([]input.Example, error) {
	undecodable, err := a.verify(ctx, model, examples)
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

// sessionOptions resolves d; it logs a warning if another device is used instead.
func (a *app) sessionOptions(d tfgraph.Device) (tfgraph.Options, error) {
	use, note, err := d.Resolve()
	if note != "" {
		a.log.Warn(note)
	}
	return tfgraph.Options{Device: use}, err
}

// openModel loads a model onto a device; child processes decode its images. The caller closes it.
func (a *app) openModel(ctx context.Context, path string, d tfgraph.Device, options classify.Options) (*classify.Model, error) {
	var err error
	options.NewDecoder = a.decoders(ctx, 1, a.keepWarning)
	if options.Session, err = a.sessionOptions(d); err != nil {
		return nil, err
	}
	return classify.Open(ctx, path, options)
}

// decoders makes decoders that decode in child processes, of which n are started at once. warn receives what they print
// about images.
func (a *app) decoders(ctx context.Context, n int, warn func(path, warning string)) func(alexnet.Preprocessing) (classify.Decoder, error) {
	return func(p alexnet.Preprocessing) (classify.Decoder, error) {
		opt := a.sandboxOptions()
		opt.Preprocessing, opt.Warn = p, warn
		d := sandbox.NewDecoder(opt)
		return d, d.Start(ctx, n)
	}
}

// keepWarning keeps what a decoder printed about an image for warnIncomplete.
func (a *app) keepWarning(path, warning string) {
	a.warnings = append(a.warnings, input.Excluded{Path: path, Reason: warning})
}

// warnIncomplete logs that images decoded with a warning.
func (a *app) warnIncomplete() {
	slices.SortFunc(a.warnings, func(x, y input.Excluded) int { return strings.Compare(x.Path, y.Path) })
	a.warnings = slices.Compact(a.warnings)
	for i, w := range a.warnings {
		if i == display.Shown {
			a.log.Warn("more images decode with a warning and may be incomplete: alexnet doctor lists them", "count", len(a.warnings)-i)
			return
		}
		a.log.Warn("image decodes with a warning and may be incomplete", "path", w.Path, "warning", w.Reason)
	}
}
