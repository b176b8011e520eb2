package input

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"alexnet/internal/regular"
)

// FindImages finds and checks the images that command-line arguments name. A file stands for itself, a folder for all
// files under it that are not hidden, sorted by name, a pattern as of [filepath.Match] for its matches, and "-" for the
// lines of stdin, which may be any of these; blank lines are skipped. The images have the path as Name and Label -1, and
// the order of the arguments. Arguments without a file come first among the excluded ones.
func FindImages(args []string, stdin io.Reader, opt Options) (images []Example, excluded []Excluded) {
	e := expand(args, stdin)
	examples, errs := checkAll(e.paths, opt)
	for i, ex := range examples {
		if errs[i] != nil {
			e.exclude(ex.Path, errs[i])
		} else {
			images = append(images, ex)
		}
	}
	return images, e.excluded
}

// expansion is the files that arguments stand for.
type expansion struct {
	paths    []string
	excluded []Excluded
}

func expand(args []string, stdin io.Reader) *expansion {
	e := &expansion{}
	for _, arg := range args {
		if arg == "-" {
			e.lines(stdin)
		} else {
			e.add(arg)
		}
	}
	return e
}

// add expands one argument. An existing file takes precedence over a pattern.
func (e *expansion) add(arg string) {
	if _, err := os.Stat(arg); errors.Is(err, os.ErrNotExist) && strings.ContainsAny(arg, "*?[") {
		e.pattern(arg)
	} else {
		e.path(arg)
	}
}

func (e *expansion) path(path string) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		e.folder(path)
		return
	}
	if err == nil {
		err = regular.Check(info.Mode())
	}
	if err != nil {
		e.exclude(path, err)
		return
	}
	e.paths = append(e.paths, path)
}

func (e *expansion) folder(dir string) {
	t, err := walk(dir)
	if err != nil {
		e.exclude(dir, err)
		return
	}
	for _, f := range t.files {
		e.paths = append(e.paths, f.path)
	}
	e.excluded = append(e.excluded, t.excluded...)
	if len(t.files) == 0 {
		e.exclude(dir, ErrNoImages)
	}
}

func (e *expansion) pattern(pattern string) {
	matches, err := filepath.Glob(pattern)
	if err == nil && len(matches) == 0 {
		err = errors.New("matches no file")
	}
	if err != nil {
		e.exclude(pattern, err)
		return
	}
	for _, m := range matches {
		e.path(m)
	}
}

func (e *expansion) lines(stdin io.Reader) {
	if stdin == nil {
		e.exclude("-", errors.New("no standard input"))
		return
	}
	sc := bufio.NewScanner(stdin)
	sc.Buffer(nil, maxLine)
	for sc.Scan() {
		if name := strings.TrimRight(sc.Text(), "\r"); strings.TrimSpace(name) != "" {
			e.add(name)
		}
	}
	if err := sc.Err(); err != nil {
		e.exclude("-", err)
	}
}

func (e *expansion) exclude(path string, err error) {
	e.excluded = append(e.excluded, ExcludedFor(path, err))
}
