// Package input reads folders and lists of labeled images, checks them, and loads them in batches.
//
// Start with [Open], which finds and checks the images of a dataset, and [Loader],
// which reads, decodes and batches them ahead of the consumer.
//
// File formats are detected from the first bytes, never from names. The caller provides the function that decodes
// pixels, so that training and the exported model decode identically. Results have the same order for any number of
// goroutines: examples are sorted by name, batches follow the requested order, and the last one, which may be smaller,
// is never dropped. Input files are opened read-only. A yielded batch belongs to the consumer, who closes its Images;
// the loader closes all others. All randomness is a pure function of the seed, the epoch and the image's name, so a run
// can resume at any position.
package input

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Open finds and checks the images of a training dataset, which is one of
//
//   - a folder with one folder per class, DIR/<class>/…, to any depth;
//   - a folder of files named <class>.<anything>.<extension>, such as cat.0.jpg;
//   - a list file with lines `path label`, relative to the list's folder;
//   - a folder that contains train and, for validation, val or else test, each of
//     them one of the above; list files are named train.txt, val.txt or test.txt.
//
// The training images determine the classes, which are sorted by name, integers by value. Files that are not readable
// images are listed in [Dataset.Excluded]. An error is an [*Error].
func Open(path string, opt Options) (*Dataset, error) {
	if err := opt.validateFor("open dataset", path, opt.Split != "", "the split applies to evaluation only"); err != nil {
		return nil, err
	}
	splits, notes, err := locate(path)
	if err != nil {
		return nil, err
	}
	if splits[TrainSplit] == "" {
		return nil, &Error{Op: "open dataset", Path: path, Err: fmt.Errorf("%w for training: no folder \"train\"", ErrNoImages),
			Hint: "put the training images into a folder train next to val or test"}
	}
	train, err := readSubset(splits[TrainSplit], opt)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Root: path, Layout: train.layout, Classes: opt.Classes, Notes: notes, Excluded: train.excluded}
	if err := d.setClasses(train, 2); err != nil {
		return nil, err
	}
	d.Train = train.examples
	if err := d.addValidation(splits, opt); err != nil {
		return nil, err
	}
	d.Notes = append(d.Notes, noteMissing(d.Train, d.Classes, "training")...)
	if d.ValFrom != "" {
		d.Notes = append(d.Notes, noteMissing(d.Val, d.Classes, "validation")...)
	}
	return d, nil
}

// OpenEval finds and checks the images to evaluate a run on. It returns them in [Dataset.Val] and leaves Train empty.
// From a folder with several splits it takes [Options.Split], by default test, else val, else train; from any other
// dataset, all images. Set [Options.Classes] to the run's classes; the images may then belong to a single class.
func OpenEval(path string, opt Options) (*Dataset, error) {
	if err := opt.validateFor("open dataset", path, opt.Val != "", "a validation split applies to training only"); err != nil {
		return nil, err
	}
	from, notes, err := evalSplit(path, opt.Split)
	if err != nil {
		return nil, err
	}
	val, err := readSubset(from, opt)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Root: path, Layout: val.layout, Classes: opt.Classes, Notes: notes, ValFrom: from, Excluded: val.excluded}
	if err := d.setClasses(val, 1); err != nil {
		return nil, err
	}
	d.Val = val.examples
	d.Notes = append(d.Notes, noteMissing(d.Val, d.Classes, "evaluation")...)
	return d, nil
}

func (o Options) validateFor(op, path string, misused bool, why string) error {
	err := o.validate()
	if err == nil && misused {
		err = fmt.Errorf("set options: %s", why)
	}
	if err != nil {
		return &Error{Op: op, Path: path, Err: err}
	}
	return nil
}

// locate returns the paths of the splits. Without splits, everything is training data.
func locate(path string) (splits map[Split]string, notes []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, &Error{Op: "open dataset", Path: path, Err: err, Hint: "specify a folder of images or a list file"}
	}
	if info.IsDir() {
		splits, notes, err = findSplits(path)
	}
	if err != nil {
		return nil, nil, &Error{Op: "open dataset", Path: path, Err: err, Hint: "check the folder's permissions"}
	}
	if splits == nil {
		splits = map[Split]string{TrainSplit: path}
	}
	return splits, notes, nil
}

func evalSplit(path string, want Split) (from string, notes []string, err error) {
	splits, notes, err := locate(path)
	if err != nil {
		return "", nil, err
	}
	for _, s := range []Split{TestSplit, ValSplit, TrainSplit} {
		if want == "" || want == s {
			from = splits[s]
		}
		if from != "" {
			break
		}
	}
	if from == "" || want != "" && from == path {
		return "", nil, &Error{Op: "open dataset", Path: path, Err: fmt.Errorf("%w: no split %q", ErrNoImages, want),
			Hint: "omit the split to use all images"}
	}
	return from, notes, nil
}

// setClasses determines the classes, unless they were given, and assigns the labels.
func (d *Dataset) setClasses(p *subset, atLeast int) error {
	if len(p.examples) == 0 {
		return &Error{Op: "open dataset", Path: p.root, Err: fmt.Errorf("%w (%d other files)", ErrNoImages, len(p.excluded)),
			Hint: "put the images into one folder per class", Excluded: p.excluded}
	}
	if len(d.Classes) == 0 {
		d.Classes = sortClasses(p.classes)
	}
	if len(d.Classes) < atLeast {
		return &Error{Op: "open dataset", Path: p.root, Err: fmt.Errorf("%w: got %s, want at least 2", errOneClass, quoteList(d.Classes)),
			Hint: p.nestedHint(d.Classes[0]), Excluded: p.excluded}
	}
	for _, c := range d.Classes {
		if !utf8.ValidString(c) || strings.ContainsFunc(c, unicode.IsControl) {
			return &Error{Op: "open dataset", Path: p.root, Hint: "rename the class",
				Err: fmt.Errorf("%w: got %q, want UTF-8 without control characters", errClassName, c)}
		}
	}
	notes, err := p.assignLabels(d.Classes)
	d.Notes = append(append(d.Notes, notes...), p.noteEmptyFolders(d.Classes)...)
	return err
}

// nestedHint suggests the only folder if that contains the class folders.
func (p *subset) nestedHint(only string) string {
	if p.layout == classFolders {
		if t, err := os.ReadDir(filepath.Join(p.root, only)); err == nil {
			dirs := slices.DeleteFunc(t, func(e os.DirEntry) bool { return !e.IsDir() || hidden(e.Name()) })
			if len(dirs) > 1 {
				return fmt.Sprintf("did you mean %s?", filepath.Join(p.root, only))
			}
		}
	}
	return "put the images into two or more folders, one per class"
}

// addValidation sets Val from opt.Val, or from the dataset's own val, else test.
func (d *Dataset) addValidation(splits map[Split]string, opt Options) error {
	own := splits[ValSplit]
	if own == "" {
		own = splits[TestSplit]
	}
	if opt.Val != "" && own != "" {
		d.Notes = append(d.Notes, fmt.Sprintf("%q is not used: validation is %q", own, opt.Val))
	}
	if f, ok := opt.Fraction(); ok {
		return d.holdOut(f, opt)
	}
	switch {
	case opt.Val != "":
		from, notes, err := valSplit(opt.Val)
		if err != nil {
			return err
		}
		d.Notes = append(d.Notes, notes...)
		return d.readVal(from, opt)
	case own != "":
		if splits[ValSplit] != "" && splits[TestSplit] != "" {
			d.Notes = append(d.Notes, fmt.Sprintf("%q is reserved for evaluation: validating on %q", splits[TestSplit], own))
		}
		return d.readVal(own, opt)
	}
	return nil
}

// valSplit returns val, else test, of a folder with several splits.
func valSplit(val string) (from string, notes []string, err error) {
	if _, err := os.Stat(val); err != nil {
		hint := "specify a folder, a list file or a fraction between 0 and 1"
		if _, numErr := strconv.ParseFloat(val, 64); numErr == nil {
			err = errors.New("got a number, want a fraction between 0 and 1")
		}
		return "", nil, &Error{Op: "open validation", Path: val, Err: err, Hint: hint}
	}
	if splits, notes, err := locate(val); err == nil && splits[ValSplit] != "" {
		return splits[ValSplit], notes, nil
	}
	return evalSplit(val, "")
}

func (d *Dataset) readVal(from string, opt Options) error {
	p, err := readSubset(from, opt)
	if err != nil {
		return err
	}
	d.Excluded = append(d.Excluded, p.excluded...)
	if err := d.setClasses(p, 1); err != nil {
		return err
	}
	d.Val, d.ValFrom = p.examples, from
	return nil
}

// holdOut moves a fraction of the training images to validation.
func (d *Dataset) holdOut(fraction float64, opt Options) error {
	n := len(d.Train)
	d.Train, d.Val = split(d.Train, d.Classes, opt.Seed, fraction)
	if len(d.Train) == 0 || len(d.Val) == 0 {
		return &Error{Op: "split dataset", Path: d.Root,
			Err:  fmt.Errorf("%w in one split: got %d training and %d validation images of %d", ErrNoImages, len(d.Train), len(d.Val), n),
			Hint: "choose another fraction or seed, or specify a validation folder"}
	}
	d.ValFrom = fmt.Sprintf("%v of the training images, seed %d", fraction, opt.Seed)
	return nil
}
