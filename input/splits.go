package input

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// splitWords are the words in the names of folders and lists that stand for a split.
var splitWords = map[string]string{
	"train": trainSplit, "training": trainSplit, "trainset": trainSplit, "trainingset": trainSplit, "traindata": trainSplit, "trainval": trainSplit,
	"val": valSplit, "valid": valSplit, "validation": valSplit, "valset": valSplit, "validset": valSplit, "validationset": valSplit,
	"dev": valSplit, "devset": valSplit, "eval": valSplit, "evaluation": valSplit, "evalset": valSplit,
	"test": testSplit, "testing": testSplit, "testset": testSplit, "testingset": testSplit, "testdata": testSplit,
}

// plainSplits are the names that stand for a split whatever the folders contain.
var plainSplits = []string{"train", "val", "valid", "validation", "test"}

func plainSplit(name string) bool { return slices.Contains(plainSplits, strings.ToLower(name)) }

// neutralWords may accompany a word of splitWords in a name that stands for nothing but a split.
var neutralWords = []string{"set", "data", "dataset", "image", "images", "img", "imgs", "photos", "files", "split", "folder"}

// onlySplit reports whether a name, such as train_images, stands for nothing but a split.
func onlySplit(name string) bool {
	return !slices.ContainsFunc(words(name), func(w string) bool { return splitWords[w] == "" && !slices.Contains(neutralWords, w) })
}

// splitOf returns the split that a name stands for, with one of splitWords as a word of it, in any case: Training,
// seg_test, DevSet, train2017. It returns "" for other names.
func splitOf(name string) string {
	found := map[string]bool{}
	for _, word := range words(name) {
		if s := splitWords[word]; s != "" {
			found[s] = true
		}
	}
	switch {
	case found[trainSplit] && !found[testSplit]: // train_val too
		return trainSplit
	case len(found) == 1 && found[valSplit]:
		return valSplit
	case len(found) == 1 && found[testSplit]:
		return testSplit
	}
	return ""
}

// words splits a name before capitals that follow small letters and at everything that is not a letter.
func words(name string) []string {
	var spaced strings.Builder
	last := ' '
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(unicode.ToLower(r))
		last = r
	}
	return strings.FieldsFunc(spaced.String(), func(r rune) bool { return !unicode.IsLetter(r) })
}

// splits are the parts of a dataset.
type splits struct {
	paths map[string]string // the training split may be the whole dataset
	// nested are splits inside the folder of the training classes, which the training split does not include.
	nested []string
	notes  []string
}

// splitFolder is a folder whose name stands for a split.
type splitFolder struct {
	name   string
	split  string
	labels map[string]bool // class folders in it, and classes in the names of files, in lower case
	folded bool            // it has class folders
}

// findSplits looks for the splits train, val and test in a folder, each a folder or a list file with the extension
// .txt. A folder of classes has none: its training split is all of it.
func findSplits(root string) (*splits, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	f := &splits{paths: map[string]string{}}
	var folders []splitFolder
	var others []string
	lists := map[string]string{}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(root, e.Name()))
		if err != nil || isIgnored(e.Name()) {
			continue // walk reports it
		}
		base, list := strings.CutSuffix(strings.ToLower(e.Name()), ".txt")
		switch split := splitOf(e.Name()); {
		case info.IsDir() && split != "":
			folders = append(folders, newSplitFolder(root, e.Name(), split))
		case info.IsDir():
			others = append(others, e.Name())
		case list && info.Mode().IsRegular() && splitWords[base] != "" && lists[splitWords[base]] == "":
			lists[splitWords[base]] = filepath.Join(root, e.Name())
		}
	}
	slices.SortStableFunc(folders, func(a, b splitFolder) int { return a.rank() - b.rank() })
	switch {
	case f.chooseNested(root, folders, others, lists), f.choose(root, folders, others, lists):
	default:
		f.paths[trainSplit] = root
	}
	return f, nil
}

func newSplitFolder(root, name string, split string) splitFolder {
	f := splitFolder{name: name, split: split, labels: map[string]bool{}}
	entries, _ := os.ReadDir(filepath.Join(root, name)) // walk reports the error
	for _, e := range entries {
		if isIgnored(e.Name()) {
			continue
		}
		folder := e.IsDir()
		if e.Type()&os.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(root, name, e.Name()))
			folder = err == nil && info.IsDir()
		}
		if class, rest, _ := strings.Cut(e.Name(), "."); folder {
			f.labels[strings.ToLower(e.Name())], f.folded = true, true
		} else if strings.Contains(rest, ".") {
			f.labels[strings.ToLower(class)] = true
		}
	}
	return f
}

// rank orders the folders of a split: plain names come first.
func (f splitFolder) rank() int {
	if i := slices.Index(plainSplits, strings.ToLower(f.name)); i >= 0 {
		return i
	}
	return len(plainSplits)
}

// shares reports whether two sets have a common element.
func shares(a, b map[string]bool) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(a)), func(k string) bool { return b[k] })
}

// chooseNested recognizes splits that lie among the class folders: folders of the same classes, and lists.
func (s *splits) chooseNested(root string, folders []splitFolder, others []string, lists map[string]string) bool {
	var nested []splitFolder
	train := lists[trainSplit] != ""
	for _, f := range folders {
		siblings := map[string]bool{}
		for _, name := range others {
			siblings[strings.ToLower(name)] = true
		}
		for _, other := range folders {
			siblings[strings.ToLower(other.name)] = other.name != f.name
		}
		if f.folded && shares(f.labels, siblings) {
			nested = append(nested, f)
			train = train || f.split == trainSplit
		}
	}
	onlyLists := len(lists) > 0 && lists[trainSplit] == "" && len(folders) == 0 && len(others) > 1
	if !onlyLists && len(nested) == 0 || train && len(nested)+len(lists) > 1 { // a train split next to val: choose finds them
		return false
	}
	s.paths[trainSplit] = root
	for split, list := range lists {
		s.nested, s.paths[split] = append(s.nested, list), list
	}
	for _, f := range nested {
		path := filepath.Join(root, f.name)
		s.nested = append(s.nested, path)
		if s.paths[f.split] == "" {
			s.paths[f.split] = path
		}
	}
	return true
}

// choose distinguishes a folder of splits from a folder of classes, one of which may be called train: next to other
// folders, train alone is a class, and unusual names are those of splits only if the folders have common classes.
func (s *splits) choose(root string, folders []splitFolder, others []string, lists map[string]string) bool {
	chosen := map[string]string{}
	var train splitFolder
	for _, f := range folders {
		if f.split == trainSplit {
			train = f
			break
		}
	}
	unused := slices.Clone(others)
	for _, f := range folders {
		fits := plainSplit(f.name) && (plainSplit(train.name) || train.name == "") || shares(f.labels, train.labels) ||
			train.folded && (len(f.labels) == 0 || len(others) == 0) || len(others) == 0 && onlySplit(f.name) && onlySplit(train.name)
		if fits && chosen[f.split] == "" {
			chosen[f.split] = f.name
		} else {
			unused = append(unused, f.name)
		}
	}
	both := chosen[trainSplit] != "" && (chosen[valSplit] != "" || chosen[testSplit] != "")
	if !both && len(unused) > 0 {
		clear(chosen) // they are classes, or the folders of a list's images
	}
	if len(chosen) == 0 && len(lists) == 0 {
		return false
	}
	for _, split := range []string{trainSplit, valSplit, testSplit} {
		switch list := lists[split]; {
		case chosen[split] != "":
			s.paths[split] = filepath.Join(root, chosen[split])
			if list != "" {
				s.notes = append(s.notes, fmt.Sprintf("%q is not used: the folder with that name takes precedence", list))
			}
		case list != "":
			s.paths[split] = list
		}
	}
	for _, name := range unused {
		switch used := chosen[splitOf(name)]; {
		case used != "":
			s.notes = append(s.notes, fmt.Sprintf("folder %q is not used: %q is the %s split", name, used, splitOf(name)))
		case len(lists) == 0:
			s.notes = append(s.notes, fmt.Sprintf("folder %q is not used: want train, val or test", name))
		}
	}
	return true
}
