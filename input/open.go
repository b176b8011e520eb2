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
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	splits, err := locate(path, opt)
	if err != nil {
		return nil, err
	}
	if splits.paths[trainSplit] == "" {
		return nil, &Error{Op: "open dataset", Path: path, Err: fmt.Errorf("%w for training: no folder \"train\"", ErrNoImages),
			Hint: "put the training images into a folder train next to val or test"}
	}
	d := &Dataset{Root: path, Classes: opt.Classes, Notes: splits.notes}
	val, err := d.validationFolder(splits, opt)
	if err != nil {
		return nil, err
	}
	train, err := readSubset(splits.paths[trainSplit], opt, splits.omitted(val)...)
	if err != nil {
		return nil, err
	}
	d.Layout, d.Excluded = train.layout, train.excluded
	if err := d.setClasses(train, 2); err != nil {
		return nil, err
	}
	d.Train = train.examples
	if err := d.addValidation(val, splits, opt); err != nil {
		return nil, err
	}
	if err := d.checkTraining(opt); err != nil {
		return nil, err
	}
	d.Warnings = append(d.Warnings, warnSimilar(d.Classes)...)
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
	splits, err := locate(path, opt)
	if err != nil {
		return nil, err
	}
	from, err := splits.evaluated(path, opt.Split)
	if err != nil {
		return nil, err
	}
	val, err := readSubset(from, opt, splits.omitted("")...)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Root: path, Layout: val.layout, Classes: opt.Classes, Notes: splits.notes, ValFrom: from, Excluded: val.excluded}
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

// locate returns the splits of a dataset. Without splits, everything is training data.
func locate(path string, opt Options) (*splits, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &Error{Op: "open dataset", Path: path, Err: err, Hint: "specify a folder of images or a list file"}
	}
	if !info.IsDir() || opt.Layout == layoutClasses {
		return &splits{paths: map[string]string{trainSplit: path}}, nil
	}
	found, err := findSplits(path)
	if err != nil {
		return nil, &Error{Op: "open dataset", Path: path, Err: err, Hint: "check the folder's permissions"}
	}
	return found, nil
}

// omitted are the real paths that are not training data although they may be below its folder.
func (s *splits) omitted(val string) []string {
	train, err := realPath(s.paths[trainSplit])
	if err != nil {
		return nil // walk reports it
	}
	var paths []string
	for _, p := range append(slices.Clone(s.nested), val) {
		if real, err := realPath(p); p != "" && err == nil && real != train {
			paths = append(paths, real)
		}
	}
	return paths
}

// evaluated is the wanted split of the dataset at path, by default test, else val, else train.
func (s *splits) evaluated(path, want string) (from string, err error) {
	for _, split := range []string{testSplit, valSplit, trainSplit} {
		if want == "" || want == split {
			from = s.paths[split]
		}
		if from != "" {
			break
		}
	}
	if from == "" || want != "" && from == path && s.nested == nil {
		return "", &Error{Op: "open dataset", Path: path, Err: fmt.Errorf("%w: no split %q", ErrNoImages, want),
			Hint: "omit the split to use all images"}
	}
	return from, nil
}

// setClasses determines the classes, unless they were given, and assigns the labels.
func (d *Dataset) setClasses(p *subset, atLeast int) error {
	if len(p.examples) == 0 {
		return &Error{Op: "open dataset", Path: p.root, Err: fmt.Errorf("%w (%d other files)", ErrNoImages, len(p.excluded)),
			Hint: cmp.Or(commonHint(p.excluded), "put the images into one folder per class"), Excluded: p.excluded}
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
	d.Notes = slices.Concat(d.Notes, p.notes, notes, p.noteEmptyFolders(d.Classes))
	d.Warnings = append(d.Warnings, p.warnings...)
	return err
}

// nestedHint suggests the only folder if that contains the class folders.
func (p *subset) nestedHint(only string) string {
	if p.layout == classFolders {
		if t, err := os.ReadDir(filepath.Join(p.root, only)); err == nil {
			dirs := slices.DeleteFunc(t, func(e os.DirEntry) bool { return !e.IsDir() || isIgnored(e.Name()) })
			if len(dirs) > 1 {
				return fmt.Sprintf("did you mean %s?", filepath.Join(p.root, only))
			}
		}
	}
	return "put the images into two or more folders, one per class"
}
