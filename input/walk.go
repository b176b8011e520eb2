package input

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"alexnet/internal/regular"
)

// tree is what a walk finds under a folder.
type tree struct {
	files    []file     // regular, not hidden, sorted by name
	folders  []string   // names directly under the root, not hidden, sorted
	problems []Excluded // what could not be read, sorted by path
}

// file is a regular file before anything is known about its content.
type file struct {
	path string // where to open it
	name string // relative to the root, with slashes
}

// walker reads each folder once, so that links cannot lead it in circles.
type walker struct {
	tree
	root string          // its realPath
	seen map[string]bool // the realPath of folders read
	todo []link          // links to folders, read after all that is really there
}

type link struct{ path, name, real string }

// walk lists the files under root, to any depth. Links are followed, but not
// to a folder that was read already nor to one that holds the root. Only a
// root that cannot be read is an error.
func walk(root string) (*tree, error) {
	real, err := realPath(root)
	if err != nil {
		return nil, err
	}
	w := &walker{root: real, seen: map[string]bool{}}
	if err := w.folder(root, real, "."); err != nil {
		return nil, err
	}
	for len(w.todo) > 0 {
		l := w.todo[0]
		w.todo = w.todo[1:]
		w.follow(l)
	}
	slices.SortFunc(w.files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	slices.Sort(w.folders)
	slices.SortFunc(w.problems, func(a, b Excluded) int { return strings.Compare(a.Path, b.Path) })
	return &w.tree, nil
}

// realPath is where path leads, absolute and without links.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

func (w *walker) folder(dir, real, name string) error {
	w.seen[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !hidden(e.Name()) {
			w.entry(filepath.Join(dir, e.Name()), filepath.Join(real, e.Name()), path.Join(name, e.Name()), e.Type())
		}
	}
	return nil
}

func (w *walker) entry(p, real, name string, mode fs.FileMode) {
	switch {
	case mode.IsDir():
		w.named(name)
		if err := w.folder(p, real, name); err != nil {
			w.leave(p, fmt.Errorf("cannot be read: %w", reason(err)))
		}
	case mode&fs.ModeSymlink != 0:
		w.link(p, name)
	default:
		w.file(p, name, mode)
	}
}

func (w *walker) file(p, name string, mode fs.FileMode) {
	if err := regular.Check(mode); err != nil {
		w.leave(p, err)
		return
	}
	w.files = append(w.files, file{path: p, name: name})
}

// link takes a link to a file as that file and puts off one to a folder.
func (w *walker) link(p, name string) {
	info, err := os.Stat(p)
	if err != nil {
		w.leave(p, fmt.Errorf("is a link that leads nowhere: %w", reason(err)))
		return
	}
	if !info.IsDir() {
		w.file(p, name, info.Mode())
		return
	}
	real, err := realPath(p)
	if err != nil {
		w.leave(p, fmt.Errorf("is a link that leads nowhere: %w", reason(err)))
		return
	}
	w.named(name)
	w.todo = append(w.todo, link{path: p, name: name, real: real})
}

func (w *walker) follow(l link) {
	switch {
	case w.seen[l.real]:
		w.leave(l.path, fmt.Errorf("is a link to a folder that was read already: %s", l.real))
	case strings.HasPrefix(w.root, strings.TrimSuffix(l.real, string(filepath.Separator))+string(filepath.Separator)):
		w.leave(l.path, fmt.Errorf("is a link to a folder that holds this one: %s", l.real))
	default:
		if err := w.folder(l.path, l.real, l.name); err != nil {
			w.leave(l.path, fmt.Errorf("cannot be read: %w", reason(err)))
		}
	}
}

// named records a folder directly under the root.
func (w *walker) named(name string) {
	if !strings.Contains(name, "/") {
		w.folders = append(w.folders, name)
	}
}

func (w *walker) leave(p string, err error) { w.problems = append(w.problems, ExcludedFor(p, err)) }

// hidden reports what file managers put beside photographs unasked.
func hidden(name string) bool {
	switch strings.ToLower(name) {
	case "thumbs.db", "desktop.ini", "__macosx":
		return true
	}
	return strings.HasPrefix(name, ".")
}
