package input

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"alexnet/internal/display"
)

// part is a folder directly under the root that may be a split instead of a class.
type part struct {
	name  string
	files map[string]int // by the folder in it
	total int
}

// checkParts looks for folders of the same names in the folders that would be classes: these may be splits. It is an
// error if all of them have such folders, and a warning if some have.
func checkParts(root string, t *tree) (warning string, err error) {
	byName := map[string]*part{}
	for _, f := range t.files {
		names := strings.SplitN(f.name, "/", 3)
		if len(names) == 1 {
			continue
		}
		p := byName[names[0]]
		if p == nil {
			p = &part{name: names[0], files: map[string]int{}}
			byName[p.name] = p
		}
		if p.total++; len(names) == 3 {
			p.files[names[1]]++
		}
	}
	deep := slices.DeleteFunc(slices.Collect(maps.Values(byName)), func(p *part) bool { return len(p.files) < 2 })
	var parts []*part
	for _, p := range deep {
		if slices.ContainsFunc(deep, p.resembles) {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	slices.SortFunc(parts, func(a, b *part) int { return strings.Compare(a.name, b.name) })
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	found := fmt.Sprintf("folders %s contain folders of the same names, such as %s", quoteList(names), quoteList(parts[0].folders()))
	remedy := parts[0].remedy(root, parts)
	if len(parts) < len(byName) {
		return fmt.Sprintf("%s in %q: if these are the classes, %s", found, root, remedy), nil
	}
	return "", &Error{Op: "open dataset", Path: root, Err: fmt.Errorf("%w: %s", errParts, found),
		Hint: fmt.Sprintf("if these are the classes, %s; otherwise --layout classes", remedy)}
}

func (p *part) folders() []string { return slices.Sorted(maps.Keys(p.files)) }

// resembles reports whether all folders of one of them are folders of the other too.
func (p *part) resembles(q *part) bool {
	few, many := p, q
	if len(few.files) > len(many.files) {
		few, many = many, few
	}
	for name := range few.files {
		if many.files[name] == 0 {
			return false
		}
	}
	return p != q
}

// remedy says how to use the parts as splits: the largest one is for training, the smallest for validation.
func (p *part) remedy(root string, parts []*part) string {
	splits := map[string]string{}
	for _, name := range p.folders() {
		splits[splitOf(name)] = name
	}
	if train := splits[trainSplit]; train != "" && len(splits) > 1 && splits[""] == "" { // cat/train cat/val dog/train dog/val
		return fmt.Sprintf("%s: move the images of each into %s", quoteList(p.folders()), filepath.Join(root, train, p.name))
	}
	bySize := slices.SortedStableFunc(slices.Values(parts), func(a, b *part) int { return b.total - a.total })
	return fmt.Sprintf("use: alexnet train %s --val %s", display.Argument(filepath.Join(root, bySize[0].name)),
		display.Argument(filepath.Join(root, bySize[len(bySize)-1].name)))
}
