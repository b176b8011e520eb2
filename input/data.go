package input

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"alexnet/internal/content"
)

// How a dataset assigns classes to images.
const (
	classFolders = "class folders" // DIR/<class>/…, to any depth
	flatNames    = "flat names"    // DIR/<class>.<anything>.<extension>
	listFile     = "list file"     // lines of a path and a label
)

// The splits of a dataset.
const (
	trainSplit = "train"
	valSplit   = "val"
	testSplit  = "test"
)

// Example is one checked image with its label.
type Example struct {
	Path  string // where to open it
	Name  string // relative to its dataset folder, with slashes; determines the split
	Label int    // index into the classes, -1 if unknown
	Size  int64  // bytes
	// Content is the SHA-256 of the file, zero without Options.Contents.
	Content content.Hash
	Header
}

// Dataset is a dataset: its examples sorted by name, and what was excluded or noted while opening it.
type Dataset struct {
	Root     string   // as given to Open
	Layout   string   // "class folders", "flat names" or "list file": of the training images, or of the evaluated ones
	Classes  []string // indexed by label
	Train    []Example
	Val      []Example
	ValFrom  string     // describes the source of Val; "" if there is none
	Excluded []Excluded // files and folders that are not used
	Notes    []string   // remarks for the user
	Warnings []string   // remarks about probable mistakes
}

// Options configure [Open] and [OpenEval]. The zero value reads JPEG, PNG, GIF and BMP within the default [Limits], and
// validates on the dataset's own val or test split, if it has one.
type Options struct {
	// Val is the fraction of the training images to hold out for validation, strictly between 0 and 1, such as "0.2",
	// or another folder or list file. It overrides the dataset's own val or test split. Write "./0.2" for a folder with
	// such a name. Only [Open] uses it.
	Val string
	// Split is the split that [OpenEval] reads: "train", "val" or "test". By default it is test, else val.
	Split string
	// Layout is "classes" if the folders of a dataset are classes whatever their names, even train and val; "auto", the
	// default, recognizes splits.
	Layout string
	// Seed selects the images held out by a fraction.
	Seed uint64
	// Classes are the classes of an existing run, in order. Other classes in the
	// dataset are an error; the dataset may lack some.
	Classes []string
	// Formats enables [WebP] and [TIFF], which are converted while reading.
	Formats []Format
	// Limits excludes images that are too large.
	Limits Limits
	// Contents hashes the images, if it does not know them. Nil: they are not hashed.
	Contents *content.Index
}

// layoutClasses is the value of Options.Layout for class folders of any name.
const layoutClasses = "classes"

// validate joins all errors of the options.
func (o Options) validate() error {
	var errs []error
	if !slices.Contains([]string{"", trainSplit, valSplit, testSplit}, o.Split) {
		errs = append(errs, fmt.Errorf("split: got %q, want train, val or test", o.Split))
	}
	if !slices.Contains([]string{"", "auto", layoutClasses}, o.Layout) {
		errs = append(errs, fmt.Errorf("layout: got %q, want auto or classes", o.Layout))
	}
	seen := map[string]bool{}
	for i, c := range o.Classes {
		if c == "" || seen[c] {
			errs = append(errs, fmt.Errorf("classes: got %q at index %d, want distinct, non-empty names", c, i))
		}
		seen[c] = true
	}
	for _, f := range o.Formats {
		if !f.known() {
			errs = append(errs, fmt.Errorf("format: got %q, want webp or tiff", f))
		}
	}
	return errors.Join(append(errs, o.Limits.Validate())...)
}

// Fraction returns the value of Val if it is a fraction.
func (o Options) Fraction() (float64, bool) {
	f, err := strconv.ParseFloat(o.Val, 64)
	return f, err == nil && f > 0 && f < 1
}

// Counts returns the number of examples of each class. It ignores examples without a label.
func Counts(examples []Example, classes int) []int {
	counts := make([]int, classes)
	for _, ex := range examples {
		if ex.Label >= 0 && ex.Label < classes {
			counts[ex.Label]++
		}
	}
	return counts
}

// Inventory has a line for each class, `class "cat"`, and for each image its split, name, label, size in bytes and the
// SHA-256 of its content, as in `train "cat/1.jpg" 0 20117 9f86d0…`; for an excluded image, the last two are missing.
// It does not change when the dataset is moved, and does not read the images.
func (d *Dataset) Inventory(excluded []Excluded) []byte {
	skip := pathsOf(excluded)
	var text bytes.Buffer
	for _, c := range d.Classes {
		fmt.Fprintf(&text, "class %q\n", c)
	}
	for _, s := range []struct {
		split    string
		examples []Example
	}{{trainSplit, d.Train}, {valSplit, d.Val}} {
		for _, ex := range s.examples {
			fmt.Fprintf(&text, "%s %q %d", s.split, ex.Name, ex.Label)
			if !skip[ex.Path] {
				fmt.Fprintf(&text, " %d %x", ex.Size, ex.Content)
			}
			text.WriteByte('\n')
		}
	}
	return text.Bytes()
}

// Without returns the examples whose paths are not excluded, in the same order.
func Without(examples []Example, excluded []Excluded) []Example {
	bad := pathsOf(excluded)
	return slices.DeleteFunc(slices.Clone(examples), func(ex Example) bool { return bad[ex.Path] })
}

func pathsOf(excluded []Excluded) map[string]bool {
	paths := make(map[string]bool, len(excluded))
	for _, e := range excluded {
		paths[e.Path] = true
	}
	return paths
}
