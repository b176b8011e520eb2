package input

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Layout is how a folder or file says which class a picture has.
type Layout string

const (
	ClassFolders Layout = "class folders" // DIR/<class>/…, to any depth
	FlatNames    Layout = "flat names"    // DIR/<class>.<anything>.<extension>
	ListFile     Layout = "list file"     // lines of a path and a label
)

// Split is one of the parts that a data folder may hold side by side.
type Split string

const (
	TrainSplit Split = "train"
	ValSplit   Split = "val"
	TestSplit  Split = "test"
)

// Example is one checked picture.
type Example struct {
	Path  string // where to open it
	Name  string // relative to its data folder, with slashes; seeds the split
	Label int    // index into the classes, or -1 where none is known
	Size  int64  // bytes
	Header
	Mirrored bool // taken from right to left, once upright
}

// Data is a data set: its pictures in the order of their names, and
// everything that was noticed on the way.
type Dataset struct {
	Root     string   // as given to Open
	Layout   Layout   // of the training pictures, or of the evaluated ones
	Classes  []string // a picture's label is an index into these
	Train    []Example
	Val      []Example
	ValFrom  string     // where Val comes from, in words; "" if there is none
	Excluded []Excluded // files and folders left out
	Notes    []string   // what a user may want to know, in words
}

// Options says what to read beside the data itself. Its zero value reads
// JPEG, PNG, GIF and BMP within the default [Limits], and validates on the
// data's own val or test part, if it has one.
type Options struct {
	// Val is a fraction strictly between 0 and 1, such as "0.2", of the
	// training pictures to validate on, or another folder or list. It wins over
	// the data's own val or test part. A folder named like a fraction is
	// written "./0.2". Only [Open] takes it.
	Val string
	// Split chooses the part that [OpenEval] reads from a folder with several.
	// By default it is test, then val.
	Split Split
	// Seed enters the split by fraction and nothing else.
	Seed uint64
	// Classes is the order of classes to keep, from an existing run. A class
	// that it lacks is an error; the data may use fewer.
	Classes []string
	// Formats allows [WebP] and [TIFF] too, which are converted while reading.
	Formats []Format
	// Limits refuses what is too large.
	Limits Limits
}

// Validate joins everything that is wrong with the options.
func (o Options) Validate() error {
	var errs []error
	if !slices.Contains([]Split{"", TrainSplit, ValSplit, TestSplit}, o.Split) {
		errs = append(errs, fmt.Errorf("choose split: got %q, want train, val or test", o.Split))
	}
	seen := map[string]bool{}
	for i, c := range o.Classes {
		if c == "" || seen[c] {
			errs = append(errs, fmt.Errorf("keep classes: got %q at position %d, want each class once and none empty", c, i))
		}
		seen[c] = true
	}
	for _, f := range o.Formats {
		if !f.known() {
			errs = append(errs, fmt.Errorf("allow format: got %q, want webp or tiff", f))
		}
	}
	return errors.Join(append(errs, o.Limits.Validate())...)
}

// Fraction reports whether Val is a share of the training pictures.
func (o Options) Fraction() (float64, bool) {
	f, err := strconv.ParseFloat(o.Val, 64)
	return f, err == nil && f > 0 && f < 1
}

// Counts returns how many examples each of the classes has. Examples without
// a label are not counted.
func Counts(examples []Example, classes int) []int {
	counts := make([]int, classes)
	for _, ex := range examples {
		if ex.Label >= 0 && ex.Label < classes {
			counts[ex.Label]++
		}
	}
	return counts
}

// Fingerprint is the SHA-256, in hexadecimal, of the Inventory. It does not
// change when the data is moved as a whole.
func (d *Dataset) Fingerprint() string { return fmt.Sprintf("%x", sha256.Sum256(d.Inventory())) }

// Inventory has a line for each class, `class "cat"`, and for each picture: part,
// name, size in bytes and label, as in `train "cat/1.jpg" 20117 0`. It does not
// read the pictures.
func (d *Dataset) Inventory() []byte {
	var h bytes.Buffer
	for _, c := range d.Classes {
		fmt.Fprintf(&h, "class %q\n", c)
	}
	for _, part := range []struct {
		split    Split
		examples []Example
	}{{TrainSplit, d.Train}, {ValSplit, d.Val}} {
		for _, ex := range part.examples {
			fmt.Fprintf(&h, "%s %q %d %d\n", part.split, ex.Name, ex.Size, ex.Label)
		}
	}
	return h.Bytes()
}

// Drop returns the examples whose path no problem names, in the same order.
func Without(examples []Example, problems []Excluded) []Example {
	bad := make(map[string]bool, len(problems))
	for _, p := range problems {
		bad[p.Path] = true
	}
	kept := make([]Example, 0, len(examples))
	for _, ex := range examples {
		if !bad[ex.Path] {
			kept = append(kept, ex)
		}
	}
	return kept
}
