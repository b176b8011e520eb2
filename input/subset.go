package input

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

// subset is the images of one folder or list file before their labels are assigned.
type subset struct {
	root     string
	layout   string
	examples []Example
	classes  []string // one per example
	folders  []string // directly under root
	excluded []Excluded
	notes    []string
	warnings []string
}

func (p *subset) add(ex Example, class string) {
	p.examples = append(p.examples, ex)
	p.classes = append(p.classes, class)
}

// readSubset finds and checks the images of a folder or list file. It omits the files and folders with these real paths.
func readSubset(root string, opt Options, omit ...string) (*subset, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, &Error{Op: "open dataset", Path: root, Err: err, Hint: "specify a folder of images or a list file"}
	}
	if !info.IsDir() {
		return readList(root, opt)
	}
	t, err := walk(root, omit...)
	if err != nil {
		return nil, &Error{Op: "open dataset", Path: root, Err: err, Hint: "check the folder's permissions"}
	}
	return readFolder(root, t, opt)
}

// readFolder checks a folder's files and determines the layout.
func readFolder(root string, t *tree, opt Options) (*subset, error) {
	p := &subset{root: root, layout: classFolders, folders: t.folders, excluded: t.excluded}
	p.notes, p.warnings = t.leftovers.report(root)
	if opt.Layout != layoutClasses && len(opt.Classes) == 0 {
		warning, err := checkParts(root, t)
		if err != nil {
			return nil, err
		}
		if warning != "" {
			p.warnings = append(p.warnings, warning)
		}
	}
	paths := make([]string, len(t.files))
	for i, f := range t.files {
		paths[i] = f.path
	}
	examples, errs := checkAll(paths, opt)
	inside, outside := "", ""
	for i, err := range errs {
		switch name := t.files[i].name; {
		case err != nil:
			p.excluded = append(p.excluded, ExcludedFor(paths[i], err))
		case strings.Contains(name, "/"):
			inside = name
		default:
			outside = name
		}
	}
	slices.SortFunc(p.excluded, func(a, b Excluded) int { return strings.Compare(a.Path, b.Path) })
	if inside != "" && outside != "" {
		return nil, &Error{Op: "open dataset", Path: root, Err: fmt.Errorf("%w: got %q and %q", errMixedLayouts, inside, outside),
			Hint: "move each image into its class folder"}
	}
	if outside != "" {
		p.layout = flatNames
	}
	for i, ex := range examples {
		if errs[i] == nil {
			ex.Name = t.files[i].name
			p.addNamed(ex)
		}
	}
	if len(p.examples) == 0 && outside != "" {
		return nil, &Error{Op: "open dataset", Path: root, Err: fmt.Errorf("%w: got %q, want a class in the file name", errNoLabel, outside),
			Hint: cmp.Or(commonHint(p.excluded), "put the images into one folder per class, or name them like cat.1.jpg"), Excluded: p.excluded}
	}
	return p, nil
}

// addNamed adds an image with the class from its name. In the flat layout of the
// original tutorial, cat.0.jpg, a name such as IMG_1.jpg has no class.
func (p *subset) addNamed(ex Example) {
	if p.layout == classFolders {
		class, _, _ := strings.Cut(ex.Name, "/")
		p.add(ex, class)
		return
	}
	class, rest, _ := strings.Cut(ex.Name, ".")
	if !strings.Contains(rest, ".") {
		p.excluded = append(p.excluded, Excluded{Path: ex.Path, Reason: "has no class in its name", Hint: "name it like cat.1.jpg"})
		return
	}
	p.add(ex, class)
}
