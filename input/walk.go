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

// tree is the result of walking a folder.
type tree struct {
	files     []file     // regular, sorted by name
	folders   []string   // names directly under the root, sorted
	excluded  []Excluded // unreadable entries, sorted by path
	leftovers leftovers  // what is ignored
}

// file is a regular file of unknown content.
type file struct {
	path string // where to open it
	name string // relative to the root, with slashes
}

// walker reads each folder once, so that links cannot form cycles.
type walker struct {
	tree
	root    string          // its realPath
	omit    []string        // the realPath of files and folders that belong to another split
	seen    map[string]bool // the realPath of folders read
	pending []link          // links to folders, followed after everything else
}

type link struct{ path, name, real string }

// walk lists the files under root, to any depth. It follows links except to folders that it already read and to folders
// that contain the root, and omits the files and folders with these real paths. Only an unreadable root is an error.
func walk(root string, omit ...string) (*tree, error) {
	real, err := realPath(root)
	if err != nil {
		return nil, err
	}
	w := &walker{root: real, omit: omit, seen: map[string]bool{}}
	if err := w.folder(root, real, "."); err != nil {
		return nil, err
	}
	for len(w.pending) > 0 {
		l := w.pending[0]
		w.pending = w.pending[1:]
		w.follow(l)
	}
	slices.SortFunc(w.files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	slices.Sort(w.folders)
	slices.SortFunc(w.excluded, func(a, b Excluded) int { return strings.Compare(a.Path, b.Path) })
	return &w.tree, nil
}

// realPath returns the absolute path without links.
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
		name, real := path.Join(name, e.Name()), filepath.Join(real, e.Name())
		switch {
		case slices.Contains(w.omit, real):
		case isIgnored(e.Name()):
			w.leftovers.add(name)
		default:
			w.entry(filepath.Join(dir, e.Name()), real, name, e.Type())
		}
	}
	return nil
}

func (w *walker) entry(p, real, name string, mode fs.FileMode) {
	switch {
	case mode.IsDir():
		w.addFolder(name)
		if err := w.folder(p, real, name); err != nil {
			w.exclude(p, fmt.Errorf("cannot be read: %w", regular.Reason(err)))
		}
	case mode&fs.ModeSymlink != 0:
		w.link(p, name)
	default:
		w.file(p, name, mode)
	}
}

func (w *walker) file(p, name string, mode fs.FileMode) {
	if err := regular.Check(mode); err != nil {
		w.exclude(p, err)
		return
	}
	w.files = append(w.files, file{path: p, name: name})
}

// link adds a link to a file as that file, and defers a link to a folder.
func (w *walker) link(p, name string) {
	info, err := os.Stat(p)
	if target, _ := os.Readlink(p); err != nil && strings.HasPrefix(target, "unsupported reparse") { // OneDrive on an NTFS disk
		w.leftovers.addPlaceholder(name)
		return
	}
	if err != nil {
		w.exclude(p, fmt.Errorf("is a broken link: %w", regular.Reason(err)))
		return
	}
	if !info.IsDir() {
		w.file(p, name, info.Mode())
		return
	}
	real, err := realPath(p)
	if err != nil {
		w.exclude(p, fmt.Errorf("is a broken link: %w", regular.Reason(err)))
		return
	}
	if slices.Contains(w.omit, real) {
		return
	}
	w.addFolder(name)
	w.pending = append(w.pending, link{path: p, name: name, real: real})
}

func (w *walker) follow(l link) {
	switch {
	case w.seen[l.real]:
		w.exclude(l.path, fmt.Errorf("is a link to a folder that was already read: %s", l.real))
	case strings.HasPrefix(w.root, strings.TrimSuffix(l.real, string(filepath.Separator))+string(filepath.Separator)):
		w.exclude(l.path, fmt.Errorf("is a link to a parent folder: %s", l.real))
	default:
		if err := w.folder(l.path, l.real, l.name); err != nil {
			w.exclude(l.path, fmt.Errorf("cannot be read: %w", regular.Reason(err)))
		}
	}
}

// addFolder records a folder directly under the root.
func (w *walker) addFolder(name string) {
	if !strings.Contains(name, "/") {
		w.folders = append(w.folders, name)
	}
}

func (w *walker) exclude(p string, err error) { w.excluded = append(w.excluded, ExcludedFor(p, err)) }
