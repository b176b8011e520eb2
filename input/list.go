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

	"alexnet/internal/filekind"
	"alexnet/internal/regular"
)

// line is an entry of a list file.
type line struct {
	number int    // from 1
	path   string // as written
	label  string
}

// maxLine bounds a line; paths have at most a few thousand bytes.
const maxLine = 64 << 10

var errNotList = errors.New("not a list file: not UTF-8 text")

// parseList reads lines `path label`. The label is the last field, so the path may contain spaces; in a line with a
// tab, the last tab is the separator, so the label may contain spaces too; a path in double quotes is used verbatim, a
// label without its quotes. Blank lines and lines that begin with # are skipped. The error names the line.
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
		return nil, fmt.Errorf("line %d: longer than %d bytes, want a path and a label", n+1, maxLine)
	}
	return lines, sc.Err()
}

// parseLine splits a trimmed, non-empty line.
func parseLine(s string) (path, label string, err error) {
	if s[0] == '"' {
		end := strings.IndexByte(s[1:], '"')
		if end < 0 {
			return "", "", fmt.Errorf("path without closing quote: %s", s)
		}
		path, label = s[1:1+end], strings.TrimSpace(s[2+end:])
		if label != "" && !strings.ContainsAny(s[2+end:3+end], " \t\v\f") {
			return "", "", fmt.Errorf("%w: got %q after a quoted path, want a space and a label", errNoLabel, s[2+end:])
		}
	} else {
		cut := strings.LastIndexByte(s, '\t')
		if cut < 0 {
			cut = strings.LastIndexAny(s, " \v\f")
		}
		if cut < 0 {
			return "", "", fmt.Errorf("%w: got %q, want a path and a label", errNoLabel, s)
		}
		path, label = strings.TrimSpace(s[:cut]), strings.TrimSpace(s[cut+1:])
	}
	if n := len(label); n > 2 && label[0] == '"' && strings.IndexByte(label[1:], '"') == n-2 {
		label = label[1 : n-1]
	}
	if path == "" || label == "" {
		return "", "", fmt.Errorf("%w: got %q, want a path and a label", errNoLabel, s)
	}
	return path, label, nil
}

// readList reads a list file and checks its images. Relative paths are relative to the list's folder.
func readList(list string, opt Options) (*subset, error) {
	lines, prefix, err := openList(list)
	if err != nil {
		return nil, err
	}
	if err := checkLabels(lines); err != nil {
		return nil, &Error{Op: "read list", Path: list, Err: err, Hint: "give each image a single label"}
	}
	dir, note, err := base(list, lines)
	if err != nil {
		return nil, listError(list, prefix, err, "write paths relative to the list's folder, or absolute paths")
	}
	paths := make([]string, len(lines))
	for i, l := range lines {
		paths[i] = filepath.FromSlash(l.path)
		if !filepath.IsAbs(paths[i]) {
			paths[i] = filepath.Join(dir, paths[i])
		}
	}
	p := &subset{root: list, layout: listFile}
	if note != "" {
		p.notes = append(p.notes, note)
	}
	examples, errs := checkAll(paths, opt)
	for i, ex := range examples {
		if errs[i] != nil {
			excluded := ExcludedFor(ex.Path, errs[i])
			if i == 0 && !namesImage(lines[i].path) {
				excluded.Hint = fmt.Sprintf("remove line %d of %s if it is a header", lines[i].number, list)
			}
			p.excluded = append(p.excluded, excluded)
			continue
		}
		ex.Name = filepath.ToSlash(filepath.Clean(filepath.FromSlash(lines[i].path)))
		p.add(ex, lines[i].label)
	}
	return p, nil
}

// openList returns the lines of a list, and its first bytes.
func openList(list string) (lines []line, prefix []byte, err error) {
	f, _, err := regular.Open(list)
	if err != nil {
		return nil, nil, &Error{Op: "read list", Path: list, Err: err}
	}
	defer f.Close()
	prefix = make([]byte, windowBytes)
	n, _ := f.ReadAt(prefix, 0)
	prefix = prefix[:n]
	if kind := filekind.Detect(prefix); kind.Image {
		return nil, nil, &Error{Op: "read list", Path: list, Err: fmt.Errorf("got a %s image, want a folder or a list file", kind.Name),
			Hint: "specify the folder that contains the images"}
	}
	if lines, err = parseList(f); err != nil {
		return nil, nil, listError(list, prefix, err, listHint)
	}
	return lines, prefix, nil
}

// listError adds to err what the list is instead, if its first bytes show that.
func listError(list string, prefix []byte, err error, hint string) error {
	if encoding := wrongEncoding(prefix); encoding != "" {
		return &Error{Op: "read list", Path: list, Err: fmt.Errorf("%w: got %s, want UTF-8", err, encoding), Hint: encodingHint(encoding, list)}
	}
	if what, convert := dialect(list, sample(prefix)); what != "" {
		return &Error{Op: "read list", Path: list, Err: fmt.Errorf("%w: got %s, want lines of a path and a label", err, what), Hint: convert}
	}
	return &Error{Op: "read list", Path: list, Err: err, Hint: hint}
}

// checkLabels rejects a list with different labels for one path. Repeating a line
// is allowed: it increases the weight of an image.
func checkLabels(lines []line) error {
	first := make(map[string]line, len(lines))
	for _, l := range lines {
		f, ok := first[l.path]
		if !ok {
			first[l.path] = l
		} else if f.label != l.label {
			return fmt.Errorf("line %d: %w: got %q for %q, but %q in line %d", l.number, errConflictingLabels, l.label, l.path, f.label, f.number)
		}
	}
	return nil
}
