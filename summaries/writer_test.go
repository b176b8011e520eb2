package summaries

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"
	"pgregory.net/rapid"
)

// At any time the file contains complete events in the order in which they were added,
// and all of them once they were written. The test never syncs the disk, for speed.
func TestFileHasCompleteEvents(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		clock := &fakeClock{startTime}
		file, err := createFile(dir, clock.now)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		w := &Writer{file: file, clock: clock.Now}
		version := &eventpb.Event{What: &eventpb.Event_FileVersion{FileVersion: fileVersion}}
		if err := w.add("file version", version); err != nil {
			t.Fatal(err)
		}
		added := int64(0)
		check := func(spilled bool) {
			events, err := readAll(w.path())
			if err != nil {
				t.Fatal(err)
			}
			for i, event := range events[1:] {
				if event.Step != int64(i) {
					t.Fatalf("event %d: got step %d", i, event.Step)
				}
			}
			if got := int64(len(events) - 1); got > added || spilled && got != added {
				t.Fatalf("got %d events, added %d, spilled %v", got, added, spilled)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"scalar": func(t *rapid.T) {
				if err := w.Scalar(added, "loss", 1); err != nil {
					t.Fatal(err)
				}
				added++
				check(false)
			},
			"text": func(t *rapid.T) {
				text := make([]byte, rapid.IntRange(0, pendingSize+10).Draw(t, "length"))
				if err := w.Text(added, "note", string(text)); err != nil {
					t.Fatal(err)
				}
				added++
				check(len(text) >= pendingSize)
			},
			"wait": func(t *rapid.T) { clock.now = clock.now.Add(time.Second) },
			"spill": func(t *rapid.T) {
				w.writePending(clock.now)
				check(true)
			},
		})
	})
}

func TestEventsAreWrittenAfterTime(t *testing.T) {
	w, clock := newWriter(t, t.TempDir(), Options{})
	tests := []struct {
		name string
		wait time.Duration
		want int
	}{
		{"at once", 0, 1},
		{"a little later", pendingAge - 1, 1},
		{"after the longest wait", 1, 4},
		{"and then a new wait begins", 0, 4},
	}
	for step, test := range tests {
		clock.now = clock.now.Add(test.wait)
		must(t, w.Scalar(int64(step), "loss", 1))
		events, err := readAll(w.path())
		must(t, err)
		if len(events) != test.want {
			t.Errorf("%s: got %d events in the file, want %d", test.name, len(events), test.want)
		}
	}
}

func TestInvalidArgumentIsNotFinal(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{})
	for name, err := range map[string]error{
		"empty tag":   w.Scalar(1, "", 0),
		"bad tag":     w.Histogram(1, "\xff", nil),
		"no image":    w.Image(1, "photo", nil),
		"no pixel":    w.Image(1, "photo", Grid(0)),
		"no graph":    w.Graph(nil),
		"not a graph": w.Graph([]byte("conv1")),
		"huge graph": w.add("graph", &eventpb.Event{
			What: &eventpb.Event_GraphDef{GraphDef: make([]byte, maxEvent)},
		}),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	must(t, w.Scalar(1, "loss", 0), w.Close())
	if events, err := readAll(w.path()); err != nil || len(events) != 2 {
		t.Errorf("got %d events, %v; want the version and one scalar", len(events), err)
	}
}

func TestFileErrorIsFinal(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{})
	must(t, w.Scalar(1, "loss", 0))
	must(t, w.file.Close()) // like a failed disk
	first := w.Flush()
	if first == nil {
		t.Fatal("flush: got no error")
	}
	if err := w.Scalar(2, "loss", 0); err != first {
		t.Errorf("scalar: got %v, want %v", err, first)
	}
	if err := w.Close(); !errors.Is(err, first) {
		t.Errorf("close: got %v, want %v", err, first)
	}
}

func TestClose(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{})
	must(t, w.Scalar(1, "loss", 0), w.Close(), w.Close())
	if events, err := readAll(w.path()); err != nil || len(events) != 2 {
		t.Errorf("got %d events, %v; want 2", len(events), err)
	}
	for name, err := range map[string]error{"scalar": w.Scalar(2, "loss", 0), "flush": w.Flush()} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s after close: got %v, want %v", name, err, fs.ErrClosed)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{})
	const goroutines, each = 4, 50
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for step := range int64(each) {
				if err := w.Scalar(step, fmt.Sprint("loss", g), 1); err != nil {
					t.Error(err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	events, err := readAll(w.path())
	must(t, err)
	if want := 1 + goroutines*each; len(events) != want {
		t.Errorf("got %d events, want %d", len(events), want)
	}
}
