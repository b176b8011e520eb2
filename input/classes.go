package input

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// sortClasses returns each name once: whole numbers by value, then the others
// by their bytes.
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

// label gives the part's examples their numbers in classes. A list whose
// labels are all numbers below len(classes), while no class is a number, means
// positions in classes; the note says so.
func (p *part) label(classes []string) (notes []string, err error) {
	number := make(map[string]int, len(classes))
	for i, c := range classes {
		number[c] = i
	}
	if p.layout == ListFile && p.positions(classes) {
		notes = append(notes, fmt.Sprintf("labels of %q are taken as positions in the classes %s, from 0", p.root, quoted(classes)))
		for i := range classes {
			number[strconv.Itoa(i)] = i
		}
	}
	unknown := map[string]int{}
	for i, class := range p.classes {
		n, ok := number[class]
		if !ok {
			unknown[class]++
		}
		p.examples[i].Label = n
	}
	for _, class := range sortClasses(p.classes) {
		if n := unknown[class]; n > 0 {
			return nil, &Error{Op: "label pictures", Path: p.root,
				Err:  fmt.Errorf("%w: got %q for %d of %d pictures, want %s", ErrUnknownClass, class, n, len(p.classes), quoted(classes)),
				Hint: "use the class names of the training pictures, in the same writing"}
		}
	}
	return notes, nil
}

func (p *part) positions(classes []string) bool {
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

// missing notes the classes that have no picture among the examples.
func missing(examples []Example, classes []string, what string) []string {
	var notes []string
	for i, n := range Counts(examples, len(classes)) {
		if n == 0 {
			notes = append(notes, fmt.Sprintf("class %q has no %s picture", classes[i], what))
		}
	}
	return notes
}

// empty notes the folders that are not a class for want of pictures.
func (p *part) empty(classes []string) []string {
	var notes []string
	if p.layout != ClassFolders {
		return nil
	}
	for _, f := range p.folders {
		if !slices.Contains(p.classes, f) && !slices.Contains(classes, f) {
			notes = append(notes, fmt.Sprintf("folder %q in %q has no picture that can be read: it is left out", f, p.root))
		}
	}
	return notes
}

// quoted lists the first of many names.
func quoted(names []string) string {
	const most = 10
	q := make([]string, 0, most+1)
	for i, n := range names {
		if i == most {
			q = append(q, fmt.Sprintf("… (%d in all)", len(names)))
			break
		}
		q = append(q, strconv.Quote(n))
	}
	return strings.Join(q, ", ")
}
