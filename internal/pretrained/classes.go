package pretrained

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"alexnet/internal/hint"
	"alexnet/internal/regular"
)

const maxClassFile = 64 << 20

// ReadClasses returns the class names by label that a name stands for, which it gets if they are missing, or those in a
// text file, one a line.
func ReadClasses(ctx context.Context, nameOrPath string, o Options) (names []string, err error) {
	path, parse := nameOrPath, parseLines
	f, known := Named(Classes, nameOrPath)
	if known {
		if path, err = f.Get(ctx, o); err != nil {
			return nil, err
		}
		parse = parseImageNet
	}
	text, err := regular.Read(path, maxClassFile)
	if err == nil {
		names, err = parse(text)
	}
	if err != nil {
		return nil, hint.With(fmt.Errorf("read class names %q: %w", path, regular.Reason(err)), "want a text file with a class name a line, in the order of the labels, or "+strings.Join(Names(Classes), ", "))
	}
	return names, nil
}

// parseLines reads a name a line. A name may not be empty or be repeated: predictions would not tell classes apart.
func parseLines(text []byte) (names []string, err error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	text = bytes.TrimRight(bytes.TrimPrefix(text, []byte("\ufeff")), "\r\n\t ")
	lines := map[string]int{}
	for line := range strings.Lines(string(text)) {
		name := strings.TrimSpace(line)
		switch first, repeated := lines[name]; {
		case name == "":
			return nil, fmt.Errorf("line %d is empty", len(names)+1)
		case repeated:
			return nil, fmt.Errorf("line %d: got %q, which is the name in line %d too", len(names)+1, name, first)
		}
		names = append(names, name)
		lines[name] = len(names)
	}
	return names, nil
}

// parseImageNet reads {"0": "tench, Tinca tinca", …}. A class is called by the first of its names; where another class
// has it too, by all of them, and where those are equal as well, with its label.
func parseImageNet(text []byte) ([]string, error) {
	var all map[int]string
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	counts := map[string]int{}
	for label, synonyms := range all {
		if label < 0 || label >= len(names) {
			return nil, fmt.Errorf("got label %d of %d classes", label, len(names))
		}
		names[label], _, _ = strings.Cut(synonyms, ",")
		counts[names[label]]++
		counts[synonyms+","]++
	}
	for label, name := range names {
		if counts[name] > 1 {
			names[label] = all[label]
			if counts[all[label]+","] > 1 {
				names[label] = fmt.Sprintf("%s (%d)", all[label], label)
			}
		}
	}
	return names, nil
}
