package input

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"alexnet/internal/display"
)

// validationFolder resolves opt.Val to a folder or a list file; "" if it is none. A split inside the folder of the
// training classes is not training data only if opt.Val asks for it.
func (d *Dataset) validationFolder(s *splits, opt Options) (string, error) {
	val := ""
	if _, fraction := opt.Fraction(); opt.Val != "" && !fraction {
		var notes []string
		var err error
		if val, notes, err = findVal(opt); err != nil {
			return "", err
		}
		d.Notes = append(d.Notes, notes...)
	}
	asked := len(s.nested) == 0
	for _, p := range s.nested {
		if sameFile(p, val) {
			asked = true
		} else {
			d.Notes = append(d.Notes, fmt.Sprintf("%q is not used: it is a split among the class folders", p))
		}
	}
	if asked {
		return val, nil
	}
	command := fmt.Sprintf("alexnet train %s --val %s", display.Argument(d.Root), display.Argument(s.nested[0]))
	if splitOf(filepath.Base(s.nested[0])) == trainSplit {
		command = "alexnet train " + display.Argument(s.nested[0])
	}
	return "", &Error{Op: "open dataset", Path: d.Root,
		Err:  fmt.Errorf("%w: %q", errNestedSplit, filepath.Base(s.nested[0])),
		Hint: fmt.Sprintf("use: %s; if it is a class: --layout classes", command)}
}

func sameFile(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}

// findVal returns val, else test, of a folder with several splits.
func findVal(opt Options) (from string, notes []string, err error) {
	if _, err := os.Stat(opt.Val); err != nil {
		hint := "specify a folder, a list file or a fraction between 0 and 1"
		if _, numErr := strconv.ParseFloat(opt.Val, 64); numErr == nil {
			err = errors.New("got a number, want a fraction between 0 and 1")
		}
		return "", nil, &Error{Op: "open validation", Path: opt.Val, Err: err, Hint: hint}
	}
	found, err := locate(opt.Val, opt)
	if err != nil {
		return "", nil, err
	}
	if from = found.paths[valSplit]; from == "" {
		from, err = found.evaluated(opt.Val, "")
	}
	return from, found.notes, err
}

// addValidation sets Val from opt.Val, or from the dataset's own val, else test.
func (d *Dataset) addValidation(val string, s *splits, opt Options) error {
	test := s.paths[testSplit]
	own := slices.DeleteFunc([]string{s.paths[valSplit], test}, func(p string) bool { return p == "" })
	if opt.Val != "" && len(own) > 0 && !sameFile(own[0], val) {
		d.Notes = append(d.Notes, fmt.Sprintf("%q is not used: validation is %q", own[0], opt.Val))
	}
	if f, ok := opt.Fraction(); ok {
		return d.holdOut(f, opt)
	}
	if val != "" {
		return d.readVal(val, opt)
	}
	for i, from := range own {
		p, err := readSubset(from, d.sameClasses(opt))
		if err != nil && !errors.Is(err, errNoLabel) {
			return err
		}
		if err != nil || d.unlabeled(p, from == test) {
			d.Warnings = append(d.Warnings, fmt.Sprintf("%q is not used: its images have no labels; predict classifies them", from))
			continue
		}
		if i+1 < len(own) {
			d.Notes = append(d.Notes, fmt.Sprintf("%q is reserved for evaluation: validating on %q", own[i+1], from))
		}
		return d.addVal(p)
	}
	return nil
}

// sameClasses are the options to read another split.
func (d *Dataset) sameClasses(opt Options) Options {
	opt.Classes = d.Classes
	return opt
}

// unlabeled reports whether a folder of images has no classes: its files, or in a test split its only folder, are named
// otherwise.
func (d *Dataset) unlabeled(p *subset, test bool) bool {
	known := slices.ContainsFunc(p.classes, func(c string) bool { return slices.Contains(d.Classes, c) })
	switch p.layout {
	case flatNames:
		return !known && d.Layout == classFolders
	case classFolders:
		return test && !known && len(slices.Compact(slices.Clone(p.classes))) == 1
	}
	return false
}

func (d *Dataset) readVal(from string, opt Options) error {
	p, err := readSubset(from, d.sameClasses(opt))
	if err != nil {
		return err
	}
	return d.addVal(p)
}

func (d *Dataset) addVal(p *subset) error {
	d.Excluded = append(d.Excluded, p.excluded...)
	if err := d.setClasses(p, 1); err != nil {
		return err
	}
	d.Val, d.ValFrom = p.examples, p.root
	d.separate(p.layout == listFile && d.Layout != listFile)
	return nil
}

// separate removes the images of a validation list from the training images, or warns of images that are in both
// splits.
func (d *Dataset) separate(remove bool) {
	folders := map[string]string{}
	file := func(ex Example) string {
		dir := filepath.Dir(ex.Path)
		if folders[dir] == "" {
			real, err := realPath(dir)
			if err != nil {
				real = dir
			}
			folders[dir] = real
		}
		return filepath.Join(folders[dir], filepath.Base(ex.Path))
	}
	val := map[string]bool{}
	for _, ex := range d.Val {
		val[file(ex)] = true
	}
	var train, both []Example
	for _, ex := range d.Train {
		if val[file(ex)] {
			both = append(both, ex)
		} else {
			train = append(train, ex)
		}
	}
	switch {
	case len(both) == 0:
	case remove:
		d.Train = train
		d.Notes = append(d.Notes, fmt.Sprintf("%d images of %q are not trained on: they are in %q", len(both), d.Root, d.ValFrom))
	default:
		d.Warnings = append(d.Warnings, fmt.Sprintf("%d images are in both the training and the validation split, such as %q: the validation accuracy will be too high",
			len(both), both[0].Path))
	}
}

// holdOut moves a fraction of the training images to validation.
func (d *Dataset) holdOut(fraction float64, opt Options) error {
	single, n := classesOf(1, d.Train, d.Classes), len(d.Train)
	d.Train, d.Val = split(d.Train, d.Classes, opt.Seed, fraction)
	if len(d.Val) == 0 {
		return &Error{Op: "split dataset", Path: d.Root,
			Err:  fmt.Errorf("%w to validate on: got %v of %d images, at least one of each class is for training", ErrNoImages, fraction, n),
			Hint: "choose another fraction or seed, or specify a validation folder"}
	}
	d.ValFrom = fmt.Sprintf("%v of the training images, seed %d", fraction, opt.Seed)
	if single != nil {
		d.Warnings = append(d.Warnings, "classes of one image are not split, the image is trained on: "+quoteAll(single))
	}
	return nil
}

// checkTraining refuses to train without an image of a class, unless opt has the classes.
func (d *Dataset) checkTraining(opt Options) error {
	missing := classesOf(0, d.Train, d.Classes)
	if missing == nil || opt.Classes != nil {
		d.Notes = append(d.Notes, noteMissing(d.Train, d.Classes, "training")...)
		return nil
	}
	return &Error{Op: "open dataset", Path: d.Root, Err: fmt.Errorf("%w to train on for the classes %s", ErrNoImages, quoteAll(missing)),
		Hint: "add images of these classes, or validate on others"}
}
