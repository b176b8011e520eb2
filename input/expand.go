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

// Expand turns what a user names into the paths of files: a file is itself, a
// folder all files under it that are not hidden, in the order of their names,
// a pattern as of [filepath.Match] what it matches, and "-" the lines of
// stdin, each one of the former, blank ones passed over. Whether the files are
// pictures is for [Examples] to say. What leads nowhere is a problem.
func Expand(args []string, stdin io.Reader) (paths []string, problems []Excluded) {
	e := &expansion{}
	for _, arg := range args {
		if arg == "-" {
			e.lines(stdin)
		} else {
			e.add(arg)
		}
	}
	return e.paths, e.problems
}

type expansion struct {
	paths    []string
	problems []Excluded
}

// add expands one name. A file whose name happens to be a pattern is the file.
func (e *expansion) add(arg string) {
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		e.folder(arg)
	case err == nil:
		if err := regular.Check(info.Mode()); err != nil {
			e.leave(arg, err)
			return
		}
		e.paths = append(e.paths, arg)
	case errors.Is(err, os.ErrNotExist) && strings.ContainsAny(arg, "*?["):
		e.pattern(arg)
	default:
		e.leave(arg, err)
	}
}

func (e *expansion) folder(dir string) {
	t, err := walk(dir)
	if err != nil {
		e.leave(dir, err)
		return
	}
	for _, f := range t.files {
		e.paths = append(e.paths, f.path)
	}
	e.problems = append(e.problems, t.problems...)
	if len(t.files) == 0 {
		e.leave(dir, ErrNoImages)
	}
}

func (e *expansion) pattern(pattern string) {
	matches, err := filepath.Glob(pattern)
	if err == nil && len(matches) == 0 {
		err = errors.New("matches no file")
	}
	if err != nil {
		e.leave(pattern, err)
		return
	}
	for _, m := range matches {
		info, err := os.Stat(m)
		switch {
		case err != nil:
			e.leave(m, err)
		case info.IsDir():
			e.folder(m)
		case regular.Check(info.Mode()) != nil:
			e.leave(m, regular.Check(info.Mode()))
		default:
			e.paths = append(e.paths, m)
		}
	}
}

func (e *expansion) lines(stdin io.Reader) {
	if stdin == nil {
		e.leave("-", errors.New("cannot be read: there is no standard input"))
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
		e.leave("-", err)
	}
}

func (e *expansion) leave(path string, err error) {
	e.problems = append(e.problems, ExcludedFor(path, err))
}
