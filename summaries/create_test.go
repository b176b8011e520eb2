package summaries

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"
)

// startTime is far from the current time, so that a test fails if a writer uses the
// system clock.
var startTime = time.Date(2001, 2, 3, 4, 5, 6, 789e6, time.UTC)

// fakeClock only advances explicitly.
type fakeClock struct{ now time.Time }

func (c *fakeClock) Now() time.Time { return c.now }

func newWriter(t testing.TB, dir string, opt Options) (*Writer, *fakeClock) {
	t.Helper()
	clock := &fakeClock{startTime}
	opt.clock = clock.Now
	w, err := Create(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, clock
}

// readAll returns the events up to the first error, and that error.
func readAll(path string) (events []*eventpb.Event, err error) {
	for event, err := range Read(path) {
		if err != nil {
			return events, err
		}
		events = append(events, event)
	}
	return events, nil
}

// must fails the test at the first error.
func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// path is that of the current event file.
func (w *Writer) path() string { return w.file.Name() }

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "first")
	w, _ := newWriter(t, dir, Options{})
	name := regexp.MustCompile(`^events\.out\.tfevents\.0981173106\.[^/]+\.\d+$`)
	if base := filepath.Base(w.path()); !name.MatchString(base) {
		t.Errorf("name: got %s, want %s", base, name)
	}
	events, err := readAll(w.path())
	must(t, err)
	if len(events) != 1 {
		t.Fatalf("before any summary: got %d events, want 1", len(events))
	}
	first := events[0]
	if first.GetFileVersion() != "brain.Event:2" || first.SourceMetadata.GetWriter() != "alexnet/summaries" {
		t.Errorf("first event: got %v", first)
	}
	if want := 981173106.789; first.WallTime != want {
		t.Errorf("wall time: got %f, want %f", first.WallTime, want)
	}
}

// The file of a run that resumes within a second, or after the clock was set back,
// must not be read first.
func TestCreateComesLast(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "events.out.tfevents.note"), nil, 0o644))
	var made []string
	for range 12 {
		w, _ := newWriter(t, dir, Options{})
		made = append(made, w.path())
	}
	w, err := Create(dir, Options{clock: func() time.Time { return time.Unix(100, 0) }})
	must(t, err, w.Close())
	made = append(made, w.path(), filepath.Join(dir, "events.out.tfevents.note"))
	files, err := Files(dir)
	must(t, err)
	if !slices.Equal(files, made) {
		t.Errorf("read in the order %q, made in the order %q", files, made)
	}
}

func TestCreateWritesSessionStart(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{StartStep: 40})
	events, err := readAll(w.path())
	must(t, err)
	if len(events) != 2 {
		t.Fatalf("got %d events, want 2", len(events))
	}
	start := events[1]
	if start.Step != 40 || start.GetSessionLog().GetStatus() != eventpb.SessionLog_START {
		t.Errorf("second event: got %v, want a session start at step 40", start)
	}
}

func TestCreateOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	first, _ := newWriter(t, dir, Options{})
	// A directory, which readers do not read as an event file, has the next name.
	taken := strings.Replace(first.path(), "0981173106", "0981173107", 1)
	must(t, os.Mkdir(taken, 0o755))

	second, _ := newWriter(t, dir, Options{})
	files, err := Files(dir)
	must(t, err)
	if want := []string{first.path(), second.path()}; !slices.Equal(files, want) || second.path() == taken {
		t.Errorf("got %q next to the directory %s, want %q", files, taken, want)
	}
}

func TestCreateErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	tests := []struct {
		name, dir string
		opt       Options
	}{
		{"folder is a file", file, Options{}},
		{"parent is a file", filepath.Join(file, "run"), Options{}},
		{"negative start", t.TempDir(), Options{StartStep: -1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if w, err := Create(test.dir, test.opt); err == nil || w != nil {
				t.Errorf("got %v, %v; want an error", w, err)
			}
		})
	}
}
