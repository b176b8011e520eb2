package input

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"alexnet/internal/regular"
)

// line is one picture of a list file.
type line struct {
	number int    // from 1
	path   string // as written
	label  string
}

// maxLine bounds a line of a list; paths end at a few thousand bytes.
const maxLine = 64 << 10

var errNotList = errors.New("is not a list: got bytes that are no text")

// parseList reads lines `path label`. The label is the last field, so that the
// path may hold spaces; where a line holds a tab, the last tab separates, so
// that the label may hold spaces too; a path between double quotes is taken
// as it stands. Blank lines and those that begin with # are passed over. The
// error names the line.
func parseList(r io.Reader) ([]line, error) {
	var lines []line
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLine)
	n := 0
	for sc.Scan() {
		n++
		text := sc.Bytes()
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // byte order mark
		}
		if bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
			return nil, fmt.Errorf("line %d: %w", n, errNotList)
		}
		s := strings.TrimSpace(string(text))
		if s == "" || s[0] == '#' {
			continue
		}
		path, label, err := parseLine(s)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		lines = append(lines, line{number: n, path: path, label: label})
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d: got more than %d bytes, want a path and a label", n+1, maxLine)
	}
	return lines, sc.Err()
}

// parseLine separates a trimmed, non-empty line.
func parseLine(s string) (path, label string, err error) {
	if s[0] == '"' {
		end := strings.IndexByte(s[1:], '"')
		if end < 0 {
			return "", "", fmt.Errorf("got a path without closing quote: %s", s)
		}
		path, label = s[1:1+end], strings.TrimSpace(s[2+end:])
	} else {
		cut := strings.LastIndexByte(s, '\t')
		if cut < 0 {
			cut = strings.LastIndexAny(s, " \v\f")
		}
		if cut < 0 {
			return "", "", fmt.Errorf("%w: got %q, want a path and a label", ErrNoLabel, s)
		}
		path, label = strings.TrimSpace(s[:cut]), strings.TrimSpace(s[cut+1:])
	}
	if path == "" || label == "" {
		return "", "", fmt.Errorf("%w: got %q, want a path and a label", ErrNoLabel, s)
	}
	return path, label, nil
}

// readList opens and checks the pictures of a list file. Relative paths are
// relative to the list's folder.
func readList(list string, opt Options) (*part, error) {
	lines, err := openList(list)
	if err != nil {
		return nil, err
	}
	if err := oneLabelEach(lines); err != nil {
		return nil, &Error{Op: "read list", Path: list, Err: err, Hint: "give each picture one label"}
	}
	base := filepath.Dir(list)
	paths := make([]string, len(lines))
	for i, l := range lines {
		paths[i] = filepath.FromSlash(l.path)
		if !filepath.IsAbs(paths[i]) {
			paths[i] = filepath.Join(base, paths[i])
		}
	}
	p := &part{root: list, layout: ListFile}
	examples, errs := checkAll(paths, opt)
	for i, ex := range examples {
		if errs[i] != nil {
			p.problems = append(p.problems, ExcludedFor(ex.Path, errs[i]))
			continue
		}
		ex.Name = filepath.ToSlash(filepath.Clean(filepath.FromSlash(lines[i].path)))
		p.add(ex, lines[i].label)
	}
	return p, nil
}

func openList(list string) ([]line, error) {
	f, _, err := regular.Open(list)
	if err != nil {
		return nil, &Error{Op: "read list", Path: list, Err: err}
	}
	defer f.Close()
	var head [headBytes]byte
	n, _ := f.ReadAt(head[:], 0)
	if _, name, photo := sniff(head[:n]); photo {
		return nil, &Error{Op: "read list", Path: list, Err: fmt.Errorf("got a %s picture, want a folder or a list", name),
			Hint: "name the folder that holds the pictures"}
	}
	lines, err := parseList(f)
	if err != nil {
		return nil, &Error{Op: "read list", Path: list, Err: err, Hint: "write one picture a line: path, space or tab, label"}
	}
	return lines, nil
}

// oneLabelEach refuses a list that contradicts itself. The same line twice is
// a way to weigh a picture.
func oneLabelEach(lines []line) error {
	first := make(map[string]line, len(lines))
	for _, l := range lines {
		f, ok := first[l.path]
		if !ok {
			first[l.path] = l
		} else if f.label != l.label {
			return fmt.Errorf("line %d: %w: got %q for %q, and %q in line %d", l.number, ErrConflictingLabels, l.label, l.path, f.label, f.number)
		}
	}
	return nil
}
