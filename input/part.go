package input

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// part is the pictures of one folder or list, before their classes have
// numbers.
type part struct {
	root     string
	layout   Layout
	examples []Example
	classes  []string // of each example
	folders  []string // directly under root
	problems []Excluded
}

func (p *part) add(ex Example, class string) {
	p.examples = append(p.examples, ex)
	p.classes = append(p.classes, class)
}

// readPart finds and checks the pictures of a folder or list.
func readPart(root string, opt Options) (*part, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, &Error{Op: "open data", Path: root, Err: err, Hint: "name a folder of pictures, or a list of paths and labels"}
	}
	if !info.IsDir() {
		return readList(root, opt)
	}
	t, err := walk(root)
	if err != nil {
		return nil, &Error{Op: "open data", Path: root, Err: err, Hint: "see to it that the folder may be read"}
	}
	return sortOut(root, t, opt)
}

// sortOut checks a folder's files and tells from where the pictures lie how
// their classes are written.
func sortOut(root string, t *tree, opt Options) (*part, error) {
	p := &part{root: root, layout: ClassFolders, folders: t.folders, problems: t.problems}
	paths := make([]string, len(t.files))
	for i, f := range t.files {
		paths[i] = f.path
	}
	examples, errs := checkAll(paths, opt)
	inside, beside := "", ""
	for i, err := range errs {
		switch name := t.files[i].name; {
		case err != nil:
			p.problems = append(p.problems, ExcludedFor(paths[i], err))
		case strings.Contains(name, "/"):
			inside = name
		default:
			beside = name
		}
	}
	slices.SortFunc(p.problems, func(a, b Excluded) int { return strings.Compare(a.Path, b.Path) })
	if inside != "" && beside != "" {
		return nil, &Error{Op: "open data", Path: root, Err: fmt.Errorf("%w: got %q and %q", ErrMixedLayouts, inside, beside),
			Hint: "move each picture into the folder of its class"}
	}
	if beside != "" {
		p.layout = FlatNames
	}
	for i, ex := range examples {
		if errs[i] == nil {
			ex.Name = t.files[i].name
			p.classify(ex)
		}
	}
	if len(p.examples) == 0 && beside != "" {
		return nil, &Error{Op: "open data", Path: root, Err: fmt.Errorf("%w: got %q, want a class in the name", ErrNoLabel, beside),
			Hint: "put the pictures into one folder a class, or name them as in cat.1.jpg", Excluded: p.problems}
	}
	return p, nil
}

// classify adds a picture under the class that its name tells. In the flat
// layout of the original tutorial, cat.0.jpg, a name such as IMG_1.jpg tells
// none.
func (p *part) classify(ex Example) {
	if p.layout == ClassFolders {
		class, _, _ := strings.Cut(ex.Name, "/")
		p.add(ex, class)
		return
	}
	class, rest, _ := strings.Cut(ex.Name, ".")
	if !strings.Contains(rest, ".") {
		p.problems = append(p.problems, Excluded{Path: ex.Path, Reason: "has no class in its name", Hint: "name it as in cat.1.jpg"})
		return
	}
	p.add(ex, class)
}

// parent looks for the parts of a data set under a folder: train, val and
// test, each a folder or a list with the extension .txt. It returns where each
// is, and notes about what is not used. A folder of classes has none.
func parent(root string) (parts map[Split]string, notes []string, err error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, nil, err
	}
	parts = map[Split]string{}
	var others []string
	lists := map[Split]string{}
	for _, e := range entries {
		p := filepath.Join(root, e.Name())
		split, list := partName(e.Name())
		if hidden(e.Name()) {
			continue
		}
		info, err := os.Stat(p)
		if err != nil {
			continue // the walk of the folder reports it
		}
		switch {
		case split != "" && info.IsDir() && parts[split] == "":
			parts[split] = p
		case split != "" && list && info.Mode().IsRegular():
			lists[split] = p
		case info.IsDir():
			others = append(others, e.Name())
		}
	}
	for _, split := range []Split{TrainSplit, ValSplit, TestSplit} {
		switch list := lists[split]; {
		case list != "" && parts[split] == "":
			parts[split] = list
		case list != "":
			notes = append(notes, fmt.Sprintf("%q is not used: the folder of that name is", list))
		}
	}
	return chooseParts(parts, others, len(lists) > 0, notes)
}

// chooseParts tells a folder of parts from a folder of classes, one of which
// may well be called train: beside other folders, train alone is a class.
func chooseParts(parts map[Split]string, others []string, listed bool, notes []string) (map[Split]string, []string, error) {
	both := parts[TrainSplit] != "" && (parts[ValSplit] != "" || parts[TestSplit] != "")
	if len(parts) == 0 || len(others) > 0 && !both && !listed {
		return nil, nil, nil
	}
	for _, o := range others {
		if !listed {
			notes = append(notes, fmt.Sprintf("folder %q is not used: it is neither train, val nor test", o))
		}
	}
	return parts, notes, nil
}

// partName tells which part a file or folder is by its name.
func partName(name string) (split Split, list bool) {
	name = strings.ToLower(name)
	base, list := strings.CutSuffix(name, ".txt")
	switch base {
	case "train":
		return TrainSplit, list
	case "val", "valid", "validation":
		return ValSplit, list
	case "test":
		return TestSplit, list
	}
	return "", false
}
