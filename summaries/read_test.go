package summaries

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/tfrecord"
)

func TestReadErrors(t *testing.T) {
	version, err := proto.Marshal(&eventpb.Event{What: &eventpb.Event_FileVersion{FileVersion: fileVersion}})
	must(t, err)
	tests := []struct {
		name   string
		file   []byte
		before int
		want   string
	}{
		{"empty", nil, 0, ""},
		{"not an event file", tfrecord.Append(nil, []byte("")), 0, "parse event 0: no file version"},
		{"not records", []byte("step,loss\n1,0.5\n"), 0, "checksum of its length"},
		{"not an event", tfrecord.Append(tfrecord.Append(nil, version), []byte("\xff")), 1, "parse event 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tfevents")
			must(t, os.WriteFile(path, test.file, 0o644))
			events, err := readAll(path)
			if len(events) != test.before {
				t.Errorf("got %d events, want %d", len(events), test.before)
			}
			if got := fmt.Sprint(err); test.want == "" && err != nil || !strings.Contains(got, test.want) {
				t.Errorf("got error %q, want %q", got, test.want)
			}
		})
	}
	if _, err := readAll(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v, want %v", err, fs.ErrNotExist)
	}
}

func TestReadTruncated(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{})
	must(t, w.Scalar(1, "loss", 0), w.Flush())
	whole, err := os.Stat(w.path())
	must(t, err)
	must(t, w.Scalar(2, "loss", 0), w.Close())
	file, err := os.ReadFile(w.path())
	must(t, err)
	for size := whole.Size() + 1; size < int64(len(file)); size++ {
		must(t, os.Truncate(w.path(), size))
		events, err := readAll(w.path())
		if len(events) != 2 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: got %d events, %v; want 2, %v",
				size, len(file), len(events), err, io.ErrUnexpectedEOF)
		}
		must(t, os.WriteFile(w.path(), file, 0o644))
	}
}

func TestReadStopsEarly(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{})
	must(t, w.Scalar(1, "loss", 0), w.Close())
	seen := 0
	for range Read(w.path()) {
		seen++
		break
	}
	if seen != 1 {
		t.Errorf("got %d events, want 1", seen)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"events.out.tfevents.2.b", "notes.txt", "events.out.tfevents.1.a"} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	must(t, os.Mkdir(filepath.Join(dir, "events.out.tfevents.0"), 0o755))
	got, err := Files(dir)
	must(t, err)
	want := []string{filepath.Join(dir, "events.out.tfevents.1.a"), filepath.Join(dir, "events.out.tfevents.2.b")}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := Files(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing directory: got %v, want %v", err, fs.ErrNotExist)
	}
}

// No file makes the reader panic, and an error ends the iteration.
func FuzzRead(f *testing.F) {
	w, _ := newWriter(f, f.TempDir(), Options{StartStep: 7})
	must(f, w.Scalar(1, "loss", 0), w.Text(1, "note", "*"), w.Histogram(1, "weights", []float32{-1, 0, 1}), w.Close())
	file, err := os.ReadFile(w.path())
	must(f, err)
	f.Add(file)
	f.Add(file[:len(file)-3])
	for event, err := range Read(w.path()) { // a record's checksum is hard to guess
		must(f, err)
		record, err := proto.Marshal(event)
		must(f, err)
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, src := range [][]byte{file, tfrecord.Append(nil, file)} {
			ended := false
			for event, err := range events(bytes.NewReader(src)) {
				if ended || (event == nil) == (err == nil) {
					t.Fatalf("got %v, %v; ended before: %v", event, err, ended)
				}
				ended = err != nil
			}
		}
	})
}

func TestRemoveOwnKeepsOthers(t *testing.T) {
	dir := t.TempDir()
	w, _ := newWriter(t, dir, Options{})
	must(t, w.Scalar(1, "loss", 2), w.Close())
	foreign := filepath.Join(dir, "events.out.tfevents.1.elsewhere")
	must(t, os.WriteFile(foreign, []byte("written by another program"), 0o644), RemoveOwn(dir))
	left, err := Files(dir)
	must(t, err)
	if len(left) != 1 || left[0] != foreign {
		t.Errorf("remaining files: got %q, want only %q", left, foreign)
	}
	must(t, RemoveOwn(filepath.Join(dir, "missing")))
}
