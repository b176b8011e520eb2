package input

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"alexnet/internal/display"
)

// sortClasses sorts the distinct names: integers by value, then the others by bytes.
func sortClasses(names []string) []string {
	classes := slices.Clone(names)
	number := func(name string) uint64 {
		n, err := strconv.ParseUint(name, 10, 63)
		if err != nil {
			return math.MaxUint64 // after all integers
		}
		return n
	}
	slices.SortFunc(classes, func(a, b string) int {
		return cmp.Or(cmp.Compare(number(a), number(b)), strings.Compare(a, b))
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
			if i := slices.IndexFunc(classes, func(c string) bool { return looks(c) == looks(class) }); i >= 0 {
				return nil, &Error{Op: "assign labels", Path: p.root,
					Err:  fmt.Errorf("%w: got %s for %d of %d images, want %s", errUnknownClass, quoteASCII([]string{class}), n, len(p.classes), quoteASCII(classes[i:i+1])),
					Hint: "the names differ in case, spaces or the encoding of accents (NFC, NFD): rename one of them"}
			}
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

// classesOf returns the classes with the given number of examples.
func classesOf(count int, examples []Example, classes []string) (names []string) {
	for i, n := range Counts(examples, len(classes)) {
		if n == count {
			names = append(names, classes[i])
		}
	}
	return names
}

// noteMissing notes the classes without examples.
func noteMissing(examples []Example, classes []string, split string) []string {
	missing := classesOf(0, examples, classes)
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return []string{fmt.Sprintf("class %q has no %s images", missing[0], split)}
	}
	return []string{fmt.Sprintf("%d classes have no %s images: %s", len(missing), split, quoteAll(missing))}
}

// warnSimilar warns of classes whose names differ only in case, spaces or the encoding of accents: they look alike.
func warnSimilar(classes []string) (warnings []string) {
	similar := map[string][]string{}
	for _, c := range classes {
		similar[looks(c)] = append(similar[looks(c)], c)
	}
	for _, key := range slices.Sorted(maps.Keys(similar)) {
		if names := similar[key]; len(names) > 1 {
			warnings = append(warnings, "classes with similar names: "+quoteASCII(names)+": merge the folders if they are the same class")
		}
	}
	return warnings
}

// looks is the same for names that look alike.
func looks(name string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(name))), " ")
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
func quoteList(names []string) string { return display.Join(quote(names, strconv.Quote)) }

// quoteAll joins all names, quoted.
func quoteAll(names []string) string { return strings.Join(quote(names, strconv.Quote), ", ") }

// quoteASCII joins the names with all other characters as escapes such as \u0301.
func quoteASCII(names []string) string { return strings.Join(quote(names, strconv.QuoteToASCII), ", ") }

func quote(names []string, one func(string) string) []string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = one(n)
	}
	return quoted
}
