package summaries

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// steps returns the steps of the scalars in all event files of dir, in reading order,
// and the sizes of the files.
func steps(t *testing.T, dir string) (steps []int64, sizes []int64) {
	t.Helper()
	paths, err := Files(dir)
	must(t, err)
	for _, path := range paths {
		info, err := os.Stat(path)
		must(t, err)
		sizes = append(sizes, info.Size())
		events, err := readAll(path)
		must(t, err)
		if len(events) == 0 || events[0].GetFileVersion() == "" {
			t.Fatalf("%s does not begin with its version", path)
		}
		for _, event := range events[1:] {
			steps = append(steps, event.Step)
		}
	}
	return steps, sizes
}

func upTo(n int64) (all []int64) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// Events continue in a new file before a file exceeds the limit, and readers read all of
// them in order.
func TestFilesRotate(t *testing.T) {
	dir := t.TempDir()
	const bound, count = 1000, 300
	w, _ := newWriter(t, dir, Options{MaxSize: bound})
	for step := range int64(count) {
		must(t, w.Scalar(step, "loss", 1))
		if step%3 == 0 {
			must(t, w.Flush())
		}
	}
	must(t, w.Close())
	got, sizes := steps(t, dir)
	if !slices.Equal(got, upTo(count)) {
		t.Errorf("got steps %v, want 0 to %d", got, count-1)
	}
	if len(sizes) < 10 || slices.Max(sizes) > bound {
		t.Errorf("got files of %v bytes, want many of at most %d", sizes, bound)
	}
	if tb := readWithTensorBoard(t, dir); !slices.Equal(tb[0].steps("loss"), upTo(count)) {
		t.Errorf("TensorBoard got steps %v, want 0 to %d", tb[0].steps("loss"), count-1)
	}
}

// An empty file never rotates, whatever the limit.
func TestRotationWithLargeEvents(t *testing.T) {
	dir := t.TempDir()
	w, _ := newWriter(t, dir, Options{MaxSize: 1})
	for step := range int64(3) {
		must(t, w.Scalar(step, "loss", 1), w.Flush())
	}
	must(t, w.Close())
	if got, sizes := steps(t, dir); !slices.Equal(got, upTo(3)) || len(sizes) != 3 {
		t.Errorf("got steps %v in files of %v bytes, want three of one step each", got, sizes)
	}
}

// Everything after a position is removed, in all files, except in another program's
// file.
func TestRewind(t *testing.T) {
	for name, rest := range map[string]int64{"in one file": 2, "over several files": 100, "nothing more": 0} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w, _ := newWriter(t, dir, Options{MaxSize: 1000})
			for step := range int64(50) {
				must(t, w.Scalar(step, "loss", 1))
			}
			at, err := w.Position()
			must(t, err)
			for step := range rest {
				must(t, w.Scalar(50+step, "loss", 1), w.Flush())
			}
			must(t, w.Close())
			foreign := filepath.Join(dir, "events.out.tfevents.9999999999.other")
			must(t, os.WriteFile(foreign, []byte("no event file"), 0o644))
			must(t, Rewind(dir, at), Rewind(dir, at), Rewind(dir, Position{}))
			must(t, os.Remove(foreign))
			if got, _ := steps(t, dir); !slices.Equal(got, upTo(50)) {
				t.Errorf("got steps %v, want 0 to 49", got)
			}
		})
	}
}

// Rewind also removes a partial event at the end, and a file without a complete event.
func TestRewindTruncated(t *testing.T) {
	dir := t.TempDir()
	w, _ := newWriter(t, dir, Options{})
	must(t, w.Scalar(0, "loss", 1))
	at, err := w.Position()
	must(t, err)
	must(t, w.Scalar(1, "loss", 1), w.Close())
	must(t, os.Truncate(w.path(), at.Size+5))
	late, _ := newWriter(t, dir, Options{})
	must(t, late.Close(), os.Truncate(late.path(), 7))
	must(t, Rewind(dir, at))
	if got, sizes := steps(t, dir); !slices.Equal(got, upTo(1)) || len(sizes) != 1 {
		t.Errorf("got steps %v in %d files, want step 0 in one", got, len(sizes))
	}
	if err := Rewind(filepath.Join(dir, "none"), at); err != nil {
		t.Errorf("without a directory: got %v, want no error", err)
	}
}
