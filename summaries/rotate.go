package summaries

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/tfrecord"
)

// full tells whether the waiting events have to go into another file: they do
// not fit into this one, which holds others already.
func (w *Writer) full() bool {
	return w.maxSize > 0 && w.size > w.begun && w.size+int64(len(w.pending)) > w.maxSize
}

// rotate ends the file and begins the next. Readers, TensorBoard's among them,
// take both for one run: only a session's start has them forget anything.
func (w *Writer) rotate(now time.Time) error {
	head, err := proto.Marshal(versionEvent(now))
	if err != nil {
		return err
	}
	file, err := createFile(filepath.Dir(w.file.Name()), now)
	if err != nil {
		return err
	}
	n, err := file.Write(tfrecord.Append(nil, head))
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	syncDir(filepath.Dir(file.Name()))
	err = errors.Join(w.file.Sync(), w.file.Close())
	w.file, w.size, w.begun = file, int64(n), int64(n)
	return err
}

// versionEvent is what every event file begins with.
func versionEvent(now time.Time) *eventpb.Event {
	return &eventpb.Event{
		WallTime:       float64(now.UnixMicro()) / 1e6,
		What:           &eventpb.Event_FileVersion{FileVersion: fileVersion},
		SourceMetadata: &eventpb.SourceMetadata{Writer: sourceName},
	}
}
