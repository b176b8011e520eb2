package input

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Open finds and checks the pictures of a training data set, which is one of
//
//   - a folder with one folder a class, DIR/<class>/…, to any depth;
//   - a folder of files named <class>.<anything>.<extension>, as in cat.0.jpg;
//   - a list file of lines `path label`, relative to the list's folder;
//   - a folder that holds train and, to validate on, val or else test, each of
//     them one of the above, a list being named train.txt, val.txt or test.txt.
//
// Classes are numbered in the order of their names, numbers by value, and the
// training pictures say which there are. What is not a readable picture is
// listed in [Data.Problems]. An error is an [*Error]; see the variables Err….
func Open(path string, opt Options) (*Dataset, error) {
	if err := opt.validateFor("open data", path, opt.Split != "", "a split is chosen for evaluation only"); err != nil {
		return nil, err
	}
	parts, notes, err := locate(path)
	if err != nil {
		return nil, err
	}
	if parts[TrainSplit] == "" {
		return nil, &Error{Op: "open data", Path: path, Err: fmt.Errorf("%w to train on: got no folder train", ErrNoImages),
			Hint: "put the training pictures into a folder train beside val or test"}
	}
	train, err := readPart(parts[TrainSplit], opt)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Root: path, Layout: train.layout, Classes: opt.Classes, Notes: notes, Excluded: train.problems}
	if err := d.setClasses(train, 2); err != nil {
		return nil, err
	}
	d.Train = train.examples
	if err := d.validation(parts, opt); err != nil {
		return nil, err
	}
	d.Notes = append(d.Notes, missing(d.Train, d.Classes, "training")...)
	if d.ValFrom != "" {
		d.Notes = append(d.Notes, missing(d.Val, d.Classes, "validation")...)
	}
	return d, nil
}

// OpenEval finds and checks pictures to evaluate a run on and returns them in
// [Data.Val], Train being empty. Of a folder with several parts it takes the
// one that [Options.Split] names, or test, else val, else train; of any other
// data, all. Give the run's classes in [Options.Classes]; one class alone may
// then be evaluated too.
func OpenEval(path string, opt Options) (*Dataset, error) {
	if err := opt.validateFor("open data", path, opt.Val != "", "a validation part is chosen for training only"); err != nil {
		return nil, err
	}
	from, notes, err := evalPart(path, opt.Split)
	if err != nil {
		return nil, err
	}
	val, err := readPart(from, opt)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Root: path, Layout: val.layout, Classes: opt.Classes, Notes: notes, ValFrom: from, Excluded: val.problems}
	if err := d.setClasses(val, 1); err != nil {
		return nil, err
	}
	d.Val = val.examples
	d.Notes = append(d.Notes, missing(d.Val, d.Classes, "evaluation")...)
	return d, nil
}

func (o Options) validateFor(op, path string, misused bool, why string) error {
	err := o.Validate()
	if err == nil && misused {
		err = fmt.Errorf("got an option that does not apply: %s", why)
	}
	if err != nil {
		return &Error{Op: op, Path: path, Err: err}
	}
	return nil
}

// locate says which parts there are. Data that is not divided is all train.
func locate(path string) (parts map[Split]string, notes []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, &Error{Op: "open data", Path: path, Err: err, Hint: "name a folder of pictures, or a list of paths and labels"}
	}
	if info.IsDir() {
		parts, notes, err = parent(path)
	}
	if err != nil {
		return nil, nil, &Error{Op: "open data", Path: path, Err: err, Hint: "see to it that the folder may be read"}
	}
	if parts == nil {
		parts = map[Split]string{TrainSplit: path}
	}
	return parts, notes, nil
}

func evalPart(path string, want Split) (from string, notes []string, err error) {
	parts, notes, err := locate(path)
	if err != nil {
		return "", nil, err
	}
	for _, s := range []Split{TestSplit, ValSplit, TrainSplit} {
		if want == "" || want == s {
			from = parts[s]
		}
		if from != "" {
			break
		}
	}
	if from == "" || want != "" && from == path {
		return "", nil, &Error{Op: "open data", Path: path, Err: fmt.Errorf("%w: got no part %q", ErrNoImages, want),
			Hint: "leave the split out to use all pictures"}
	}
	return from, notes, nil
}

// setClasses decides the classes, if no order was given, and numbers the
// pictures.
func (d *Dataset) setClasses(p *part, atLeast int) error {
	if len(p.examples) == 0 {
		return &Error{Op: "open data", Path: p.root, Err: fmt.Errorf("%w: got %d files that are none", ErrNoImages, len(p.problems)),
			Hint: "put the pictures into one folder a class", Excluded: p.problems}
	}
	if len(d.Classes) == 0 {
		d.Classes = sortClasses(p.classes)
	}
	if len(d.Classes) < atLeast {
		return &Error{Op: "open data", Path: p.root, Err: fmt.Errorf("%w: got %s, want at least 2", ErrOneClass, quoted(d.Classes)),
			Hint: p.nestedHint(d.Classes[0]), Excluded: p.problems}
	}
	for _, c := range d.Classes {
		if !utf8.ValidString(c) || strings.ContainsFunc(c, unicode.IsControl) {
			return &Error{Op: "open data", Path: p.root, Hint: "rename it",
				Err: fmt.Errorf("%w: got %q, want UTF-8 without control characters", ErrClassName, c)}
		}
	}
	notes, err := p.label(d.Classes)
	d.Notes = append(append(d.Notes, notes...), p.empty(d.Classes)...)
	return err
}

// nestedHint looks whether the classes lie one folder further down.
func (p *part) nestedHint(only string) string {
	if p.layout == ClassFolders {
		if t, err := os.ReadDir(filepath.Join(p.root, only)); err == nil {
			dirs := slices.DeleteFunc(t, func(e os.DirEntry) bool { return !e.IsDir() || hidden(e.Name()) })
			if len(dirs) > 1 {
				return fmt.Sprintf("did you mean %s?", filepath.Join(p.root, only))
			}
		}
	}
	return "put the pictures into one folder a class, two or more of them"
}

// validation fills Val as opt.Val says, or from the data's own val, else test.
func (d *Dataset) validation(parts map[Split]string, opt Options) error {
	own := parts[ValSplit]
	if own == "" {
		own = parts[TestSplit]
	}
	if opt.Val != "" && own != "" {
		d.Notes = append(d.Notes, fmt.Sprintf("%q is not used: validation was given as %q", own, opt.Val))
	}
	if f, ok := opt.Fraction(); ok {
		return d.hold(f, opt)
	}
	switch {
	case opt.Val != "":
		from, notes, err := valPart(opt.Val)
		if err != nil {
			return err
		}
		d.Notes = append(d.Notes, notes...)
		return d.readVal(from, opt)
	case own != "":
		if parts[ValSplit] != "" && parts[TestSplit] != "" {
			d.Notes = append(d.Notes, fmt.Sprintf("%q is left for evaluation: %q validates", parts[TestSplit], own))
		}
		return d.readVal(own, opt)
	}
	return nil
}

// valPart takes val, else test, of a folder with several parts.
func valPart(val string) (from string, notes []string, err error) {
	if _, err := os.Stat(val); err != nil {
		hint := "name a folder, a list or a fraction between 0 and 1"
		if _, numErr := strconv.ParseFloat(val, 64); numErr == nil {
			err = fmt.Errorf("got a number, want a fraction between 0 and 1")
		}
		return "", nil, &Error{Op: "open validation", Path: val, Err: err, Hint: hint}
	}
	if parts, notes, err := locate(val); err == nil && parts[ValSplit] != "" {
		return parts[ValSplit], notes, nil
	}
	return evalPart(val, "")
}

func (d *Dataset) readVal(from string, opt Options) error {
	p, err := readPart(from, opt)
	if err != nil {
		return err
	}
	d.Excluded = append(d.Excluded, p.problems...)
	if err := d.setClasses(p, 1); err != nil {
		return err
	}
	d.Val, d.ValFrom = p.examples, from
	return nil
}

// hold keeps a fraction of the training pictures back.
func (d *Dataset) hold(fraction float64, opt Options) error {
	n := len(d.Train)
	d.Train, d.Val = split(d.Train, d.Classes, opt.Seed, fraction)
	if len(d.Train) == 0 || len(d.Val) == 0 {
		return &Error{Op: "split data", Path: d.Root,
			Err:  fmt.Errorf("%w in one part: got %d to train and %d to validate on, of %d", ErrNoImages, len(d.Train), len(d.Val), n),
			Hint: "choose another fraction or seed, or name a folder to validate on"}
	}
	d.ValFrom = fmt.Sprintf("%v of the training pictures, by seed %d", fraction, opt.Seed)
	return nil
}
