// Package rundir is the run directory: the names of its files, its lock, and the files
// that are not checkpoints, event files or caches. Start with [Dir].
//
// A file is replaced as a whole, so that a crash leaves the old content or the new one;
// metrics.csv also grows by a row per epoch, and a damaged row costs only itself.
package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alexnet/internal/hint"
)

// Dir is the path of a run directory.
type Dir string

// The folders and files of a run directory.
func (d Dir) Checkpoints() string { return d.in("checkpoints") }
func (d Dir) Events() string      { return d.in("events") }
func (d Dir) Cache() string       { return d.in("cache") }        // of features
func (d Dir) Metrics() string     { return d.in("metrics.csv") }  // a row an epoch
func (d Dir) Config() string      { return d.in("config.json") }  // the settings
func (d Dir) Dataset() string     { return d.in("dataset.txt") }  // input.Dataset.Inventory
func (d Dir) Excluded() string    { return d.in("excluded.csv") } // path and reason; missing if none
func (d Dir) Warnings() string    { return d.in("warnings.csv") } // path and warning of images that decode with one; missing if none
func (d Dir) Report() string      { return d.in("report.html") }
func (d Dir) lock() string        { return d.in(".lock") } // exists once a run has been opened

func (d Dir) in(name string) string { return filepath.Join(string(d), name) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// CheckVacant refuses to start a run over files that were not written by one.
func (d Dir) CheckVacant() error {
	if exists(d.lock()) {
		return nil
	}
	for _, path := range []string{d.Config(), d.Metrics(), d.Excluded(), d.Warnings(), d.Dataset()} {
		if exists(path) {
			return hint.With(fmt.Errorf("open run %q: %q exists and was not written by alexnet", string(d), path), "choose another --out, or move that file")
		}
	}
	return nil
}

// CheckOutside refuses a run directory inside a folder of images, which would contain its
// images. Hidden folders are not searched for images.
func (d Dir) CheckOutside(folders ...string) error {
	for _, folder := range folders {
		inside, err := filepath.Rel(resolve(folder), resolve(string(d)))
		if err == nil && filepath.IsLocal(inside) && (inside == "." || !strings.Contains("/"+inside, "/.")) {
			return hint.With(fmt.Errorf("open run %q: it is inside the dataset %q", string(d), folder), "choose an --out outside of it")
		}
	}
	return nil
}

// resolve is an absolute path without links; its last folders need not exist.
func resolve(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil || path == filepath.Dir(path) {
		return resolved
	}
	return filepath.Join(resolve(filepath.Dir(path)), filepath.Base(path))
}

// CheckVersion refuses to resume a run of an earlier version, whose files have other names and content.
func (d Dir) CheckVersion() error {
	for _, name := range []string{"pictures.txt", "left-out.csv"} {
		if exists(d.in(name)) {
			return d.oldError(fmt.Sprintf("it has %s", name))
		}
	}
	if exists(d.Config()) && !exists(d.Dataset()) {
		return d.oldError("it has no " + filepath.Base(d.Dataset()))
	}
	return nil
}

func (d Dir) oldError(reason string) error {
	return hint.With(fmt.Errorf("resume run %q: written by an earlier version of alexnet: %s", string(d), reason), "start a new run in another --out")
}
