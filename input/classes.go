package input

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"alexnet/internal/display"
)

// sortClasses sorts the distinct names: integers by value, then the others by bytes.
func sortClasses(names []string) []string {
	classes := slices.Clone(names)
	slices.SortFunc(classes, func(a, b string) int {
		x, errA := strconv.ParseUint(a, 10, 63)
		y, errB := strconv.ParseUint(b, 10, 63)
		switch {
		case errA == nil && errB == nil:
			return cmp.Or(cmp.Compare(x, y), strings.Compare(a, b))
		case errA == nil:
			return -1
		case errB == nil:
			return 1
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(classes)
}

// assignLabels sets the examples' labels to the indices of their classes. If all labels of a list file are integers
// below len(classes) and no class name is an integer, the labels are indices into classes, and a note says so.
func (p *subset) assignLabels(classes []string) (notes []string, err error) {
	index := make(map[string]int, len(classes))
	for i, c := range classes {
		index[c] = i
	}
	if p.layout == listFile && p.labelsArePositions(classes) {
		notes = append(notes, fmt.Sprintf("labels of %q are read as zero-based indices into the classes %s", p.root, quoteList(classes)))
		for i := range classes {
			index[strconv.Itoa(i)] = i
		}
	}
	unknown := map[string]int{}
	for i, class := range p.classes {
		n, ok := index[class]
		if !ok {
			unknown[class]++
		}
		p.examples[i].Label = n
	}
	for _, class := range sortClasses(p.classes) {
		if n := unknown[class]; n > 0 {
			return nil, &Error{Op: "assign labels", Path: p.root,
				Err:  fmt.Errorf("%w: got %q for %d of %d images, want %s", errUnknownClass, class, n, len(p.classes), quoteList(classes)),
				Hint: "use the class names of the training images with the same spelling and case"}
		}
	}
	return notes, nil
}

func (p *subset) labelsArePositions(classes []string) bool {
	for _, c := range classes {
		if _, err := strconv.Atoi(c); err == nil {
			return false
		}
	}
	for _, label := range p.classes {
		n, err := strconv.Atoi(label)
		if err != nil || n < 0 || n >= len(classes) || strconv.Itoa(n) != label {
			return false
		}
	}
	return len(p.classes) > 0
}

// noteMissing notes the classes without examples.
func noteMissing(examples []Example, classes []string, split string) []string {
	var notes []string
	for i, n := range Counts(examples, len(classes)) {
		if n == 0 {
			notes = append(notes, fmt.Sprintf("class %q has no %s images", classes[i], split))
		}
	}
	return notes
}

// noteEmptyFolders notes the folders that are not classes because they have no images.
func (p *subset) noteEmptyFolders(classes []string) []string {
	var notes []string
	if p.layout != classFolders {
		return nil
	}
	for _, f := range p.folders {
		if !slices.Contains(p.classes, f) && !slices.Contains(classes, f) {
			notes = append(notes, fmt.Sprintf("folder %q in %q has no readable images and is excluded", f, p.root))
		}
	}
	return notes
}

// quoteList joins the first names, quoted.
func quoteList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	return display.Join(quoted)
}
