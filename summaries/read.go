package summaries

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/regular"
	"alexnet/internal/tfrecord"
)

// Read yields the events of the file at path; the first one has the file version. The caller may keep the events.
//
// An error comes with a nil event and ends the iteration. It wraps [io.ErrUnexpectedEOF] if the file ends inside an
// event, as during writing or after a power failure; all previous events are valid. Any other error means that the file
// cannot be opened, is damaged, or is not an event file.
func Read(path string) iter.Seq2[*eventpb.Event, error] {
	return func(yield func(*eventpb.Event, error) bool) {
		file, _, err := regular.Open(path)
		if err != nil {
			yield(nil, fmt.Errorf("read events: %w", err))
			return
		}
		defer file.Close()
		for event, err := range events(bufio.NewReader(file)) {
			if err != nil {
				err = fmt.Errorf("read events %q: %w", path, err)
			}
			if !yield(event, err) {
				return
			}
		}
	}
}

func events(src io.Reader) iter.Seq2[*eventpb.Event, error] {
	return func(yield func(*eventpb.Event, error) bool) {
		i := 0
		for record, err := range tfrecord.Read(src, maxEvent) {
			var event *eventpb.Event
			if err == nil {
				event, err = parseEvent(i, record)
			}
			if !yield(event, err) || err != nil {
				return
			}
			i++
		}
	}
}

func parseEvent(i int, record []byte) (*eventpb.Event, error) {
	event := new(eventpb.Event)
	if err := proto.Unmarshal(record, event); err != nil {
		return nil, fmt.Errorf("parse event %d: %w", i, err)
	}
	if i == 0 && event.GetFileVersion() == "" {
		return nil, errors.New("parse event 0: no file version: not an event file")
	}
	return event, nil
}

// Files returns the event files in dir, not in subdirectories, in the order in which
// TensorBoard reads them: by name, oldest first.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list event files: %w", err)
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && strings.Contains(entry.Name(), "tfevents") {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	return files, nil
}

// RemoveOwn removes the event files in dir that this package wrote.
func RemoveOwn(dir string) error {
	return rewind(dir, Position{})
}

// ownFile reports whether this package wrote the file at path. It also accepts a file without a complete event.
func ownFile(path string) bool {
	for event, err := range Read(path) {
		return event.GetSourceMetadata().GetWriter() == sourceName || errors.Is(err, io.ErrUnexpectedEOF)
	}
	return true
}
