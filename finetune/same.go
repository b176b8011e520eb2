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
	"alexnet/internal/regular"
)

// PicturesFile is where the run in dir lists its pictures, as their
// input.Data.Inventory.
func DatasetFile(dir string) string { return filepath.Join(dir, "pictures.txt") }

// sameData refuses to resume on other pictures: a position in their order would
// mean nothing.
func (s *session) checkDataset(from *checkpoint.Meta) error {
	now := s.data.Fingerprint()
	if from != nil && s.Fingerprint != now {
		return s.datasetError()
	}
	s.Fingerprint = now
	return nil
}

// goesOnExactly tells whether it is known by name what the run has left out: runs
// of before counted only what they used.
func (s *session) knowsExcluded() bool { return s.from != nil && s.Excluded != nil }

// before are the pictures that the run has left out since it began.
func (s *session) previouslyExcluded() (out []input.Excluded) {
	if !s.knowsExcluded() {
		return nil
	}
	for _, part := range []struct {
		examples []input.Example
		names    []string
	}{{s.data.Train, s.Excluded.Train}, {s.data.Val, s.Excluded.Val}} {
		for _, ex := range part.examples {
			if slices.Contains(part.names, validUTF8(ex.Name)) {
				out = append(out, input.Excluded{Path: ex.Path, Reason: "was left out when the run began"})
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

// plain is a name as JSON can hold it.
func validUTF8(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

// without are those of the problems whose paths others do not name.
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

// lost refuses to go on without pictures that the run began with.
func (s *session) missingError(problems []input.Excluded) error {
	return &input.Error{Op: "resume run", Path: s.dir, Err: errors.New("pictures that it began with cannot be decoded any more"),
		Excluded: problems, Hint: s.newRunHint()}
}

func (s *session) datasetError() error {
	return advised{fmt.Errorf("resume run %q: the pictures of %q are not those that the run began with:%s", s.dir, s.Data, s.diffDataset()), s.newRunHint()}
}

// anew is what is left where a run's pictures cannot be had again.
func (s *session) newRunHint() string {
	return fmt.Sprintf("bring them back as they were; or begin a new run from what this one has learnt: "+
		"alexnet export %[1]s --format npy --out w.npy, then alexnet train %[2]s --weights w.npy --out another", s.dir, s.Data)
}

// differences names what is not as the run has listed it, or where it has not,
// counts.
func (s *session) diffDataset() string {
	text, err := regular.Read(DatasetFile(s.dir), 1<<30)
	if err != nil || fmt.Sprintf("%x", sha256.Sum256(text)) != s.Fingerprint {
		return fmt.Sprintf(" it trained on %d, there are %d to train and %d to validate on", s.TrainCount, len(s.data.Train), len(s.data.Val))
	}
	was, now := parseInventory(text), parseInventory(s.data.Inventory())
	var lines []string
	for name, about := range was {
		switch today, there := now[name]; {
		case !there:
			lines = append(lines, name+": "+s.missingReason(name))
		case today != about:
			lines = append(lines, name+": has changed")
		}
	}
	for name := range now {
		if _, known := was[name]; !known {
			lines = append(lines, name+": is new")
		}
	}
	slices.Sort(lines)
	return firstOf(lines)
}

// inventory has what each line says after its quoted name.
func parseInventory(text []byte) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		end := strings.LastIndexByte(line, '"') + 1
		all[line[:end]] = line[end:]
	}
	return all
}

// whyGone is why what an inventory names as `train "cat/1.jpg"` is not found.
func (s *session) missingReason(line string) string {
	name, err := strconv.Unquote(line[strings.IndexByte(line, '"'):])
	for _, p := range s.data.Excluded {
		if err == nil && strings.HasSuffix(filepath.ToSlash(p.Path), "/"+name) {
			return p.Reason
		}
	}
	return "is missing"
}

// firstOf has the first ten of the lines below each other.
func firstOf(lines []string) string {
	const named = 10
	text := ""
	for _, line := range lines[:min(named, len(lines))] {
		text += "\n  " + line
	}
	if more := len(lines) - named; more > 0 {
		text += fmt.Sprintf("\n  and %d more", more)
	}
	return text
}
