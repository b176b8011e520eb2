package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/content"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
)

// Dataset describes a dataset.
type Dataset struct {
	Path       string       `json:"path"`
	Layout     string       `json:"layout,omitempty"`
	Classes    []ClassCount `json:"classes"`
	Train      int          `json:"train"`
	Validation int          `json:"validation"`
	ValFrom    string       `json:"validation_from,omitempty"`
	Unusable   int          `json:"unusable"`   // files that cannot be decoded
	Small      []string     `json:"small"`      // images with few pixels
	Hidden     []string     `json:"hidden"`     // images with other colors under transparent pixels than viewers show
	Duplicates [][]string   `json:"duplicates"` // paths of equal files
	Notes      []string     `json:"notes"`

	Warnings   map[string]string `json:"warnings"`    // of the decoder about images that it decodes, by path
	ChanceLoss float64           `json:"chance_loss"` // of random guessing: ln(classes)
}

// ClassCount is the number of images of a class.
type ClassCount struct {
	Class      string `json:"class"`
	Train      int    `json:"train"`
	Validation int    `json:"validation"`
}

// checkDataset examines every image of the dataset.
func (r *Report) checkDataset(ctx context.Context, opt Options) error {
	d := &Dataset{Path: opt.Data, Classes: []ClassCount{}, Small: []string{}, Hidden: []string{}, Duplicates: [][]string{}, Notes: []string{}, Warnings: map[string]string{}}
	r.Data = d
	opt.Input.Contents = content.Open(opt.Sandbox.Dir, opt.Sandbox.Note)
	opt.Sandbox.Contents = opt.Input.Contents
	data, err := input.Open(opt.Data, opt.Input)
	if err != nil {
		var in *input.Error
		if !errors.As(err, &in) {
			return err
		}
		path := opt.Data
		if in.Path != "" {
			path = in.Path
		}
		for _, p := range append([]input.Excluded{input.ExcludedFor(path, in)}, in.Excluded...) {
			r.problem(p)
		}
		return nil
	}
	opt.Sandbox.Warn = func(path, warning string) { d.Warnings[path] = warning }
	undecodable, err := decodeAll(ctx, data, opt)
	if err != nil {
		return err
	}
	data.Train, data.Val = input.Without(data.Train, undecodable), input.Without(data.Val, undecodable)
	unusable := slices.Concat(data.Excluded, undecodable)
	for _, p := range unusable {
		r.problem(p)
	}
	d.Unusable = len(unusable)
	d.describe(data)
	for _, w := range data.Warnings {
		r.warn("%s", w)
	}
	r.checkCounts(data)
	r.checkSizes(data)
	r.checkWarnings()
	r.checkDuplicates(findDuplicates(data))
	return r.checkHidden(ctx, data, opt.Input.Limits)
}

// decodeAll decodes every image as training would, ignoring earlier verdicts, and returns those that fail.
func decodeAll(ctx context.Context, data *input.Dataset, opt Options) ([]input.Excluded, error) {
	preprocessing := alexnet.Config{}.WithDefaults().Preprocessing(alexnet.Squash, true, data.Classes)
	decoder, err := alexnet.NewDecoder(preprocessing, tfgraph.Options{})
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	loader := decoder.Loader(slices.Concat(data.Train, data.Val), 1)
	loader.Limits = opt.Input.Limits
	opt.Sandbox.Preprocessing, opt.Sandbox.IgnoreVerdicts = preprocessing, true
	return sandbox.Verify(ctx, opt.Sandbox, loader)
}

func (d *Dataset) describe(data *input.Dataset) {
	d.Layout, d.Train, d.Validation, d.ValFrom = data.Layout, len(data.Train), len(data.Val), data.ValFrom
	d.ChanceLoss = math.Log(float64(len(data.Classes)))
	d.Notes = append(d.Notes, data.Notes...)
	train, val := input.Counts(data.Train, len(data.Classes)), input.Counts(data.Val, len(data.Classes))
	for i, c := range data.Classes {
		d.Classes = append(d.Classes, ClassCount{c, train[i], val[i]})
	}
}

const (
	minImages    = 20 // per class, for reliable fine-tuning
	maxImbalance = 3  // ratio of the class sizes
	smallSide    = 32 // pixels; AlexNet sees a smaller image enlarged more than seven times
)

func (r *Report) checkCounts(data *input.Dataset) {
	counts := input.Counts(data.Train, len(data.Classes))
	for i, n := range counts {
		if n == 0 {
			r.problem(input.Excluded{Path: data.Root, Reason: fmt.Sprintf("class %q has no usable training image", data.Classes[i]),
				Hint: "add some, or remove the class"})
		}
	}
	most, least := slices.Max(counts), slices.Min(counts)
	large, small := data.Classes[slices.Index(counts, most)], data.Classes[slices.Index(counts, least)]
	if least > 0 && least < minImages {
		r.warn("class %q has only %d training images: too few to train on reliably", small, least)
	}
	if least > 0 && most >= maxImbalance*least {
		r.warn("classes are imbalanced: %q has %d images and %q only %d; always predicting %[1]q is correct for %.0[5]f %% of the training images",
			large, most, small, least, 100*float64(most)/float64(len(data.Train)))
	}
	if len(data.Val) == 0 {
		r.warn("no validation split: use --val 0.2 to hold out 20 %% of the training images")
	}
	r.warn("a training loss that stays near ln(%d) = %.3f is that of random guessing: try another learning rate",
		len(data.Classes), math.Log(float64(len(data.Classes))))
}

func (r *Report) checkSizes(data *input.Dataset) {
	for _, ex := range slices.Concat(data.Train, data.Val) {
		if min(ex.Width, ex.Height) < smallSide {
			r.Data.Small = append(r.Data.Small, ex.Path)
		}
	}
	if n := len(r.Data.Small); n > 0 {
		r.warn("%d images have a side below %d pixels, such as %s: too small", n, smallSide, r.Data.Small[0])
	}
}

func (r *Report) checkWarnings() {
	if warnings := r.Data.Warnings; len(warnings) > 0 {
		paths := slices.Sorted(maps.Keys(warnings))
		r.warn("%d images decode with a warning and may be incomplete, such as %s: %s", len(paths), paths[0], warnings[paths[0]])
	}
}

// checkDuplicates reports an image with two labels, or in both splits, as a problem, since it falsifies the accuracy.
func (r *Report) checkDuplicates(duplicates []*duplicate) {
	harmless := 0
	for _, group := range duplicates {
		var paths []string
		for _, ex := range slices.Concat(group.Train, group.Val) {
			paths = append(paths, ex.Path)
		}
		r.Data.Duplicates = append(r.Data.Duplicates, paths)
		switch {
		case group.acrossClasses():
			r.problem(input.Excluded{Path: paths[0], Reason: fmt.Sprintf("same image, with another class, as %q", paths[1:]),
				Hint: "keep the one in the correct class"})
		case group.acrossSplits():
			r.problem(input.Excluded{Path: paths[0], Reason: fmt.Sprintf("in both the training and the validation split: same image as %q", paths[1:]),
				Hint: "remove it from one of them"})
		default:
			harmless++
		}
	}
	if harmless > 0 {
		r.warn("%d images have duplicates within their class; --json lists them", harmless)
	}
}

// maxShown is how many classes are printed.
const maxShown = 50

// print writes to a tabwriter.
func (d *Dataset) print(w io.Writer) {
	fmt.Fprintf(w, "\ndata\t%s\n", d.Path)
	if d.Layout == "" {
		return
	}
	fmt.Fprintf(w, "layout\t%s\n", d.Layout)
	if d.ValFrom != "" {
		fmt.Fprintf(w, "validation\t%s\n", d.ValFrom)
	}
	for _, note := range d.Notes {
		fmt.Fprintf(w, "note\t%s\n", note)
	}
	classes := d.Classes
	if len(classes) > maxShown {
		fmt.Fprintf(w, "\n%d of %d classes, those with the fewest training images; --json has all\n", maxShown, len(classes))
		classes = slices.SortedStableFunc(slices.Values(classes), func(a, b ClassCount) int { return a.Train - b.Train })[:maxShown]
	}
	fmt.Fprint(w, "\nclass\ttrain\tvalidation\n")
	for _, c := range classes {
		fmt.Fprintf(w, "%s\t%d\t%d\n", c.Class, c.Train, c.Validation)
	}
	fmt.Fprintf(w, "all\t%d\t%d\n", d.Train, d.Validation)
}
