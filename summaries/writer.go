package summaries

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/tfrecord"
)

const (
	fileVersion = "brain.Event:2" // tensorflow/core/util/events_writer.h
	sourceName  = "alexnet/summaries"
	namePrefix  = "events.out.tfevents."

	// Events wait in memory for company, but neither for long nor in great
	// number: someone may be watching, and the process may die.
	spillSize  = 64 << 10
	spillAfter = 5 * time.Second

	// maxEvent bounds what is written and what is read, in bytes. Graphs and
	// large pictures stay far below it.
	maxEvent = 256 << 20
)

// Options of an event file. The zero value suits a run that begins.
type Options struct {
	// StartStep is, for a run that resumes, the first step that it will write;
	// 0 for a run that begins. TensorBoard then forgets what the run's earlier
	// files hold from that step on: the steps taken between the checkpoint and
	// the interruption, which are about to be taken again.
	StartStep int64

	// MaxSize is how many bytes a file may grow to before events go on in the
	// next one; a single event may be larger. 0 is 64 MiB.
	MaxSize int64

	// Clock stamps the events. Nil is time.Now.
	Clock func() time.Time
}

const defaultMaxSize = 64 << 20

// Writer adds events to a file, and to the next when that is full. It is safe for several goroutines and starts
// none. An error of the file is final: every later call returns it. A refused
// argument, such as an empty tag, is not: the writer goes on as if the call
// had not been made.
type Writer struct {
	mu      sync.Mutex
	file    *os.File
	size    int64 // of file
	begun   int64 // of what it begins with
	maxSize int64
	clock   func() time.Time
	pending []byte    // whole events
	spilled time.Time // when pending was last emptied
	err     error
	closed  bool
}

// Create makes dir, with its parents, where it is missing and a new event file
// in it, named events.out.tfevents.<unix seconds>.<host>.<process>, much as
// TensorBoard's own are: it looks for "tfevents" and reads in order of name.
// What the file begins with is on the disk when Create returns. The caller
// closes the writer.
func Create(dir string, opt Options) (*Writer, error) {
	w, err := create(dir, opt)
	if err != nil {
		return nil, fmt.Errorf("create event file in %q: %w", dir, err)
	}
	return w, nil
}

func create(dir string, opt Options) (*Writer, error) {
	if opt.StartStep < 0 {
		return nil, fmt.Errorf("start step: got %d, want at least 0", opt.StartStep)
	}
	clock := opt.Clock
	if clock == nil {
		clock = time.Now
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	now := clock()
	file, err := createFile(dir, now)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file, maxSize: cmp.Or(opt.MaxSize, defaultMaxSize), clock: clock, spilled: now}
	if err := w.begin(opt.StartStep); err != nil {
		return nil, errors.Join(err, w.file.Close(), os.Remove(file.Name()))
	}
	syncDir(dir)
	return w, nil
}

// createFile makes the next event file of dir: its name comes after those of
// the files that are there, whatever the clock says and however soon after the
// last one it is made, for readers go by name.
func createFile(dir string, now time.Time) (*os.File, error) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	host = strings.NewReplacer("/", "_", `\`, "_").Replace(host)
	seconds, err := nextSecond(dir, now)
	if err != nil {
		return nil, err
	}
	for ; ; seconds++ {
		name := fmt.Sprintf("%s%010d.%s.%d", namePrefix, seconds, host, os.Getpid())
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// nextSecond is the time that the next event file of dir bears: now, or else
// the second after the latest that another bears.
func nextSecond(dir string, now time.Time) (int64, error) {
	paths, err := Files(dir)
	if err != nil {
		return 0, err
	}
	seconds := now.Unix()
	for _, path := range paths {
		rest, ok := strings.CutPrefix(filepath.Base(path), namePrefix)
		digits, _, _ := strings.Cut(rest, ".")
		if taken, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && len(digits) == 10 {
			seconds = max(seconds, taken+1)
		}
	}
	return seconds, nil
}

// begin writes what a reader wants to know before the first summary.
func (w *Writer) begin(startStep int64) error {
	if err := w.add("file version", versionEvent(w.clock())); err != nil {
		return err
	}
	if startStep > 0 {
		start := &eventpb.SessionLog{Status: eventpb.SessionLog_START}
		if err := w.add("session start", &eventpb.Event{
			Step: startStep,
			What: &eventpb.Event_SessionLog{SessionLog: start},
		}); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	w.begun = w.size
	return nil
}

// syncDir makes the new name outlast a power cut where the file system can; on
// one that cannot, there is nothing that the caller could do about it.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// Path returns the name of the event file that is being written.
func (w *Writer) Path() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.file.Name()
}

// add stamps the event and queues it; name says in errors what it is.
func (w *Writer) add(name string, event *eventpb.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	now := w.clock()
	event.WallTime = float64(now.UnixMicro()) / 1e6
	if size := proto.Size(event); size > maxEvent {
		return fmt.Errorf("write %s: got %d bytes, want at most %d", name, size, maxEvent)
	}
	data, err := proto.Marshal(event)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	w.pending = tfrecord.Append(w.pending, data)
	if len(w.pending) >= spillSize || now.Sub(w.spilled) >= spillAfter {
		w.spill(now)
	}
	return w.err
}

// spill hands the waiting events to the operating system, in one call so that
// the file ends with a whole event.
func (w *Writer) spill(now time.Time) {
	w.spilled = now
	if w.err != nil || len(w.pending) == 0 {
		return
	}
	if w.full() {
		if err := w.rotate(now); err != nil {
			w.err = fmt.Errorf("go on in another event file: %w", err)
			return
		}
	}
	n, err := w.file.Write(w.pending)
	if w.size += int64(n); err != nil {
		w.err = fmt.Errorf("write events: %w", err)
	}
	w.pending = w.pending[:0]
	if cap(w.pending) > 2*spillSize { // a graph or a picture went through
		w.pending = nil
	}
}

// Flush returns when every event added so far is on the disk. Without it,
// events still reach the file, where TensorBoard sees them, in groups of 64 KiB
// or when one is added five seconds after the last group.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *Writer) flush() error {
	w.spill(w.clock())
	if w.err != nil {
		return w.err
	}
	if err := w.file.Sync(); err != nil {
		w.err = fmt.Errorf("flush events: %w", err)
	}
	return w.err
}

// Close flushes and closes the file. Closing again does nothing; adding or
// flushing afterwards returns an error that wraps [fs.ErrClosed].
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.flush()
	if closeErr := w.file.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close events: %w", closeErr)
	}
	if w.err == nil {
		w.err = fmt.Errorf("write events: %w", &fs.PathError{Op: "write", Path: w.file.Name(), Err: fs.ErrClosed})
	}
	return err
}
