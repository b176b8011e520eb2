package input

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// subset is the images of one folder or list file before their labels are assigned.
type subset struct {
	root     string
	layout   Layout
	examples []Example
	classes  []string // one per example
	folders  []string // directly under root
	excluded []Excluded
}

func (p *subset) add(ex Example, class string) {
	p.examples = append(p.examples, ex)
	p.classes = append(p.classes, class)
}

// readSubset finds and checks the images of a folder or list file.
func readSubset(root string, opt Options) (*subset, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, &Error{Op: "open dataset", Path: root, Err: err, Hint: "specify a folder of images or a list file"}
	}
	if !info.IsDir() {
		return readList(root, opt)
	}
	t, err := walk(root)
	if err != nil {
		return nil, &Error{Op: "open dataset", Path: root, Err: err, Hint: "check the folder's permissions"}
	}
	return readFolder(root, t, opt)
}

// readFolder checks a folder's files and determines the layout.
func readFolder(root string, t *tree, opt Options) (*subset, error) {
	p := &subset{root: root, layout: classFolders, folders: t.folders, excluded: t.excluded}
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
			Hint: "put the images into one folder per class, or name them like cat.1.jpg", Excluded: p.excluded}
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

// findSplits looks for the splits train, val and test in a folder, each a folder or a list file with the extension
// .txt. It returns their paths, and notes about unused entries. A folder of classes has no splits.
func findSplits(root string) (splits map[Split]string, notes []string, err error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, nil, err
	}
	splits = map[Split]string{}
	var others []string
	lists := map[Split]string{}
	for _, e := range entries {
		p := filepath.Join(root, e.Name())
		split, list := splitName(e.Name())
		if hidden(e.Name()) {
			continue
		}
		info, err := os.Stat(p)
		if err != nil {
			continue // walk reports it
		}
		switch {
		case split != "" && info.IsDir() && splits[split] == "":
			splits[split] = p
		case split != "" && list && info.Mode().IsRegular():
			lists[split] = p
		case info.IsDir():
			others = append(others, e.Name())
		}
	}
	for _, split := range []Split{TrainSplit, ValSplit, TestSplit} {
		switch list := lists[split]; {
		case list != "" && splits[split] == "":
			splits[split] = list
		case list != "":
			notes = append(notes, fmt.Sprintf("%q is not used: the folder with that name takes precedence", list))
		}
	}
	return chooseSplits(splits, others, len(lists) > 0, notes)
}

// chooseSplits distinguishes a folder of splits from a folder of classes, one of
// which may be called train: next to other folders, train alone is a class.
func chooseSplits(splits map[Split]string, others []string, listed bool, notes []string) (map[Split]string, []string, error) {
	both := splits[TrainSplit] != "" && (splits[ValSplit] != "" || splits[TestSplit] != "")
	if len(splits) == 0 || len(others) > 0 && !both && !listed {
		return nil, nil, nil
	}
	for _, o := range others {
		if !listed {
			notes = append(notes, fmt.Sprintf("folder %q is not used: want train, val or test", o))
		}
	}
	return splits, notes, nil
}

// splitName returns the split that a file or folder name stands for.
func splitName(name string) (split Split, list bool) {
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
