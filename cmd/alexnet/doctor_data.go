package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

// examination is what the doctor found in a data set.
type examination struct {
	Path       string        `json:"path"`
	Layout     input.Layout  `json:"layout,omitempty"`
	Classes    []classCounts `json:"classes"`
	Train      int           `json:"train"`
	Validation int           `json:"validation"`
	ValFrom    string        `json:"validation_from,omitempty"`
	Broken     int           `json:"broken"` // files refused by their header or not decoded
	Tiny       []string      `json:"tiny"`
	Duplicates [][]string    `json:"duplicates"` // paths of equal files
	Notes      []string      `json:"notes"`
	ChanceLoss float64       `json:"chance_loss"` // of a network that knows nothing: ln(classes)
}

type classCounts struct {
	Class      string `json:"class"`
	Train      int    `json:"train"`
	Validation int    `json:"validation"`
}

// examineData looks at every picture of a data set. Whatever is wrong with the
// data is a finding; the error is ctx's or TensorFlow's.
func (a *app) examineData(ctx context.Context, d *diagnosis, path string, opt input.Options) error {
	e := &examination{Path: path, Classes: []classCounts{}, Tiny: []string{}, Duplicates: [][]string{}, Notes: []string{}}
	d.Data = e
	data, err := input.Open(path, opt)
	if err != nil {
		var in *input.Error
		if !errors.As(err, &in) {
			return err
		}
		if in.Path != "" {
			path = in.Path
		}
		d.problem(path, reasonOf(in.Err).Error(), in.Hint)
		for _, p := range in.Excluded {
			d.problem(p.Path, p.Reason, p.Hint)
		}
		return nil
	}
	broken, err := a.decodeAll(ctx, data, opt.Limits)
	if err != nil {
		return err
	}
	problems := slices.Concat(data.Excluded, broken)
	data.Train, data.Val = input.Without(data.Train, broken), input.Without(data.Val, broken)
	duplicates, changed, err := input.Duplicates(ctx, data)
	if err != nil {
		return err
	}
	for _, p := range append(problems, changed...) {
		d.problem(p.Path, p.Reason, p.Hint)
	}
	e.count(data, len(problems)+len(changed))
	d.judgeCounts(data)
	d.judgeSizes(data)
	d.judgeDuplicates(duplicates)
	return nil
}

// decodeAll decodes every picture as training would, whatever is known of it,
// and returns those that fail.
func (a *app) decodeAll(ctx context.Context, data *input.Dataset, limits input.Limits) ([]input.Excluded, error) {
	size := alexnet.Config{}.WithDefaults().Size
	contract := alexnet.Config{Size: size}.Preprocessing(alexnet.Squash, true, data.Classes)
	decoder, err := alexnet.NewDecoder(contract, tfgraph.Options{})
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	loader := decoder.Loader(slices.Concat(data.Train, data.Val), 1)
	loader.Limits = limits
	return a.verify(ctx, contract, loader, true)
}

func (e *examination) count(data *input.Dataset, broken int) {
	e.Layout, e.Train, e.Validation, e.ValFrom = data.Layout, len(data.Train), len(data.Val), data.ValFrom
	e.Broken, e.ChanceLoss = broken, math.Log(float64(len(data.Classes)))
	e.Notes = append(e.Notes, data.Notes...)
	train, val := input.Counts(data.Train, len(data.Classes)), input.Counts(data.Val, len(data.Classes))
	for i, c := range data.Classes {
		e.Classes = append(e.Classes, classCounts{c, train[i], val[i]})
	}
}

// few is how many pictures of a class are too few to fine-tune on with any
// confidence, and lopsided how many times as many another class may have.
const (
	few      = 20
	lopsided = 3
)

// judgeCounts says what follows from how many pictures each class has.
func (d *diagnosis) judgeCounts(data *input.Dataset) {
	counts := input.Counts(data.Train, len(data.Classes))
	most, least := slices.Max(counts), slices.Min(counts)
	for i, n := range counts {
		if n == 0 {
			d.problem(data.Root, fmt.Sprintf("class %q has no picture to train on that can be read", data.Classes[i]), "add some, or remove the class")
		}
	}
	if least > 0 && least < few {
		d.advise("class %q has only %d pictures to train on: expect little of it", data.Classes[slices.Index(counts, least)], least)
	}
	if least > 0 && most >= lopsided*least {
		name := data.Classes[slices.Index(counts, most)]
		d.advise("class %q has %d pictures and %q only %d: a network that always says %q is right on %.0f %% of the training pictures",
			name, most, data.Classes[slices.Index(counts, least)], least, name, 100*float64(most)/float64(len(data.Train)))
	}
	if len(data.Val) == 0 {
		d.advise("there are no pictures to validate on: --val 0.2 keeps a fifth of the training pictures back")
	}
	d.advise("a training loss that stays near ln(%d) = %.3f is that of a network which has learned nothing: try another learning rate",
		len(data.Classes), math.Log(float64(len(data.Classes))))
}

func (d *diagnosis) judgeSizes(data *input.Dataset) {
	for _, ex := range input.Small(slices.Concat(data.Train, data.Val), input.SmallSide) {
		d.Data.Tiny = append(d.Data.Tiny, ex.Path)
	}
	if n := len(d.Data.Tiny); n > 0 {
		d.advise("%d pictures have a side of fewer than %d pixels, such as %s: they show the network little", n, input.SmallSide, d.Data.Tiny[0])
	}
}

// judgeDuplicates takes a picture with two labels, or in both parts, for
// something to put right: it makes the accuracy another one than it seems.
func (d *diagnosis) judgeDuplicates(duplicates []input.Duplicate) {
	harmless := 0
	for _, group := range duplicates {
		var paths []string
		for _, ex := range slices.Concat(group.Train, group.Val) {
			paths = append(paths, ex.Path)
		}
		d.Data.Duplicates = append(d.Data.Duplicates, paths)
		switch {
		case group.AcrossClasses():
			d.problem(paths[0], fmt.Sprintf("is the same picture, with another class, as %q", paths[1:]), "keep the one in the right class")
		case group.AcrossSplits():
			d.problem(paths[0], fmt.Sprintf("is trained and validated on: the same picture as %q", paths[1:]), "remove it from one of the two")
		default:
			harmless++
		}
	}
	if harmless > 0 {
		d.advise("%d pictures are there more than once within their class; --json lists them", harmless)
	}
}

// print writes to a tabwriter.
func (e *examination) print(w io.Writer) {
	fmt.Fprintf(w, "\ndata\t%s\n", e.Path)
	if e.Layout == "" {
		return
	}
	fmt.Fprintf(w, "layout\t%s\n", e.Layout)
	if e.ValFrom != "" {
		fmt.Fprintf(w, "validation\t%s\n", e.ValFrom)
	}
	for _, note := range e.Notes {
		fmt.Fprintf(w, "note\t%s\n", note)
	}
	fmt.Fprint(w, "\nclass\ttrain\tvalidation\n")
	for _, c := range e.Classes {
		fmt.Fprintf(w, "%s\t%d\t%d\n", c.Class, c.Train, c.Validation)
	}
	fmt.Fprintf(w, "all\t%d\t%d\n", e.Train, e.Validation)
}
