package finetune

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"alexnet/checkpoint"
	"alexnet/input"
	"alexnet/internal/display"
	"alexnet/internal/hint"
	"alexnet/internal/rundir"
)

// checkDataset refuses to resume on another dataset: the position in its order would be meaningless.
func (s *session) checkDataset(from *checkpoint.Meta) error {
	if from != nil && !s.SameDataset(s.data) {
		return s.datasetError()
	}
	return nil
}

// SameDataset reports whether the run's dataset is d: the same splits, names, classes and, for the images that the
// run uses, contents.
func (c Config) SameDataset(d *input.Dataset) bool {
	return c.Fingerprint == fingerprint(d.Inventory(c.excludedIn(d)))
}

func fingerprint(inventory []byte) string { return fmt.Sprintf("%x", sha256.Sum256(inventory)) }

// excludedIn are the examples of d that the run has excluded since it started.
func (c Config) excludedIn(d *input.Dataset) (out []input.Excluded) {
	if c.Excluded == nil {
		return nil
	}
	for _, split := range []struct {
		examples []input.Example
		names    []string
	}{{d.Train, c.Excluded.Train}, {d.Val, c.Excluded.Val}} {
		for _, ex := range split.examples {
			if slices.Contains(split.names, validUTF8(ex.Name)) {
				out = append(out, input.Excluded{Path: ex.Path, Reason: "excluded when the run started"})
			}
		}
	}
	return out
}

// namesOf are the names of the examples that problems name.
func namesOf(examples []input.Example, problems []input.Excluded) (names []string) {
	bad := pathsOf(problems)
	for _, ex := range examples {
		if bad[ex.Path] {
			names = append(names, validUTF8(ex.Name))
		}
	}
	return names
}

// validUTF8 makes a name representable in JSON.
func validUTF8(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

// notIn are the problems with paths that others do not contain.
func notIn(problems, others []input.Excluded) (rest []input.Excluded) {
	known := pathsOf(others)
	for _, p := range problems {
		if !known[p.Path] {
			rest = append(rest, p)
		}
	}
	return rest
}

func pathsOf(problems []input.Excluded) map[string]bool {
	paths := make(map[string]bool, len(problems))
	for _, p := range problems {
		paths[p.Path] = true
	}
	return paths
}

// missingError refuses to resume without images that the run started with.
func (s *session) missingError(problems []input.Excluded) error {
	return &input.Error{Op: "resume run", Path: s.dir, Err: errors.New("images of its dataset can no longer be decoded"),
		Excluded: problems, Hint: s.newRunHint()}
}

func (s *session) datasetError() error {
	return hint.With(fmt.Errorf("resume run %q: dataset %q differs from the run's:%s", s.dir, s.Data, s.diffDataset()), s.newRunHint())
}

// newRunHint is the hint for a run whose dataset has changed.
func (s *session) newRunHint() string {
	return fmt.Sprintf("restore the images, or start a new run from this run's weights: "+
		"alexnet export %[1]s --format npy --out w.npy, then alexnet train %[2]s --weights w.npy --out another", s.dir, s.Data)
}

// diffDataset lists the differences from the run's dataset.txt, or only counts without it.
func (s *session) diffDataset() string {
	text, err := rundir.Dir(s.dir).ReadDataset()
	if err != nil || fingerprint(text) != s.Fingerprint {
		return fmt.Sprintf(" trained on %d images, found %d for training and %d for validation", s.TrainCount, len(s.data.Train), len(s.data.Val))
	}
	was, now := parseInventory(text), parseInventory(s.data.Inventory(s.excludedIn(s.data)))
	var lines []string
	for name, line := range was {
		switch found, ok := now[name]; {
		case !ok:
			lines = append(lines, name+": "+s.missingReason(name))
		case found != line:
			lines = append(lines, name+": changed")
		}
	}
	for name := range now {
		if _, known := was[name]; !known {
			lines = append(lines, name+": new")
		}
	}
	slices.Sort(lines)
	return display.Lines(lines)
}

// parseInventory maps each quoted name to the rest of its line.
func parseInventory(text []byte) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		end := strings.LastIndexByte(line, '"') + 1
		all[line[:end]] = line[end:]
	}
	return all
}

// missingReason says why an inventory's image, such as `train "cat/1.jpg"`, is not found.
func (s *session) missingReason(line string) string {
	name, err := strconv.Unquote(line[strings.IndexByte(line, '"'):])
	for _, p := range s.data.Excluded {
		if err == nil && strings.HasSuffix(filepath.ToSlash(p.Path), "/"+name) {
			return p.Reason
		}
	}
	return "missing"
}
