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

	"alexnet/internal/atomicfile"
	"alexnet/internal/filesystem"
	"alexnet/internal/tfrecord"
)

const (
	fileVersion = "brain.Event:2" // tensorflow/core/util/events_writer.h
	sourceName  = "alexnet/summaries"
	namePrefix  = "events.out.tfevents."

	// Events are buffered up to this size and age, so that TensorBoard shows them soon and a crash loses few of them.
	pendingSize = 64 << 10
	pendingAge  = 5 * time.Second

	// maxEvent bounds the size of written and read events in bytes. Graphs and large images are far smaller.
	maxEvent = 256 << 20
)

// Options configure a Writer. The zero value suits a new run.
type Options struct {
	// StartStep is the first step that a resumed run writes, 0 for a new run. TensorBoard then discards the events of
	// earlier files from that step on: the steps between the checkpoint and the interruption, which will be repeated.
	StartStep int64

	// MaxSize is the size in bytes up to which a file grows before the writer
	// continues in a new file; a single event may be larger. 0 means 64 MiB.
	MaxSize int64

	// clock returns the time of events. Nil means time.Now.
	clock func() time.Time
}

const defaultMaxSize = 64 << 20

// Writer adds events to a file, and to a new file when that is full. It is safe for
// concurrent use and starts no goroutines. A write error is final: every later call
// returns it. An invalid argument, such as an empty tag, has no effect on later calls.
type Writer struct {
	mu         sync.Mutex
	file       *os.File
	size       int64 // of file
	headerSize int64 // of the events at its start
	maxSize    int64
	clock      func() time.Time
	pending    []byte    // complete events
	lastWrite  time.Time // when pending was last written
	err        error
	closed     bool
}

// Create creates a new event file in dir, and dir with its parents if necessary. The name is events.out.tfevents.<unix
// seconds>.<host>.<process>, similar to TensorFlow's: TensorBoard looks for "tfevents" and reads files sorted by name.
// The file's header is on disk when Create returns. The caller closes the writer.
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
	clock := opt.clock
	if clock == nil {
		clock = time.Now
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	header := []*eventpb.Event{version()}
	if opt.StartStep > 0 {
		start := &eventpb.SessionLog{Status: eventpb.SessionLog_START}
		header = append(header, &eventpb.Event{Step: opt.StartStep, What: &eventpb.Event_SessionLog{SessionLog: start}})
	}
	w := &Writer{maxSize: cmp.Or(opt.MaxSize, defaultMaxSize), clock: clock, lastWrite: clock()}
	return w, w.begin(dir, w.lastWrite, header...)
}

// begin creates the next event file of dir, with a header, and closes the current one, if any. TensorBoard reads both as
// one run: only a session start makes it discard events.
func (w *Writer) begin(dir string, now time.Time, header ...*eventpb.Event) error {
	var data []byte
	for _, event := range header {
		event.WallTime = seconds(now)
		text, err := proto.Marshal(event)
		if err != nil {
			return err
		}
		data = tfrecord.Append(data, text)
	}
	file, err := createFile(dir, now)
	if err != nil {
		return err
	}
	if _, err = file.Write(data); err == nil {
		err = filesystem.Sync(file)
	}
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	_ = atomicfile.Sync(dir) // the events can be written all the same
	if w.file != nil {
		err = errors.Join(filesystem.Sync(w.file), w.file.Close())
	}
	w.file, w.size, w.headerSize = file, int64(len(data)), int64(len(data))
	return err
}

// version is the first event of every event file.
func version() *eventpb.Event {
	return &eventpb.Event{
		What:           &eventpb.Event_FileVersion{FileVersion: fileVersion},
		SourceMetadata: &eventpb.SourceMetadata{Writer: sourceName},
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// createFile creates the next event file of dir. Its name sorts after those of existing
// files, whatever the clock says, because readers sort by name.
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

// nextSecond returns the time in the name of the next event file of dir: now, but after that of all existing files.
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

// add sets the event's time and queues it; name describes it in errors.
func (w *Writer) add(name string, event *eventpb.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	now := w.clock()
	event.WallTime = seconds(now)
	if size := proto.Size(event); size > maxEvent {
		return fmt.Errorf("write %s: got %d bytes, want at most %d", name, size, maxEvent)
	}
	data, err := proto.Marshal(event)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	w.pending = tfrecord.Append(w.pending, data)
	if len(w.pending) >= pendingSize || now.Sub(w.lastWrite) >= pendingAge {
		w.writePending(now)
	}
	return w.err
}

// writePending writes the pending events in one call, so that the file ends with a complete event.
func (w *Writer) writePending(now time.Time) {
	w.lastWrite = now
	if w.err != nil || len(w.pending) == 0 {
		return
	}
	if w.full() {
		if err := w.begin(filepath.Dir(w.file.Name()), now, version()); err != nil {
			w.err = fmt.Errorf("rotate event file: %w", err)
			return
		}
	}
	n, err := w.file.Write(w.pending)
	if w.size += int64(n); err != nil {
		w.err = fmt.Errorf("write events: %w", err)
	}
	w.pending = w.pending[:0]
	if cap(w.pending) > 2*pendingSize { // after a graph or an image
		w.pending = nil
	}
}

// Flush returns when all events are on disk. Without it, events are written to the file, where TensorBoard reads them,
// in groups of 64 KiB or when an event is added five seconds after the last write.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *Writer) flush() error {
	w.writePending(w.clock())
	if w.err != nil {
		return w.err
	}
	if err := filesystem.Sync(w.file); err != nil {
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

// full reports whether the pending events belong into another file: they do not fit
// into this one, which already has events.
func (w *Writer) full() bool {
	return w.maxSize > 0 && w.size > w.headerSize && w.size+int64(len(w.pending)) > w.maxSize
}
