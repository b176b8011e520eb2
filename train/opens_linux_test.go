package train_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"alexnet/input"
	"alexnet/internal/content"
	"alexnet/train"
)

// countOpens returns a function that counts how often each file in a folder has been opened.
func countOpens(t *testing.T, folder string) (opens func() map[string]int) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	// Closing is watched too, since the kernel merges equal events that follow each other.
	_, err = unix.InotifyAddWatch(fd, folder, unix.IN_OPEN|unix.IN_CLOSE)
	must(t, err)
	counts, buffer := map[string]int{}, make([]byte, 1<<16)
	return func() map[string]int {
		for {
			n, err := unix.Read(fd, buffer)
			if errors.Is(err, unix.EAGAIN) {
				return counts
			}
			must(t, err)
			for rest := buffer[:n]; len(rest) > 0; {
				mask, length := binary.NativeEndian.Uint32(rest[4:]), binary.NativeEndian.Uint32(rest[12:]) // the name follows: inotify(7)
				name, _, _ := bytes.Cut(rest[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+length], []byte{0})
				if len(name) > 0 && mask&unix.IN_OPEN != 0 { // not the folder itself
					counts[filepath.Join(folder, string(name))]++
				}
				rest = rest[unix.SizeofInotifyEvent+length:]
			}
		}
	}
}

// With the feature cache a new image is opened once to check and hash it and once to decode it, and hashed once, however
// many epochs follow. Images shown in TensorBoard are read again; this run shows none.
func TestImagesAreOpenedTwice(t *testing.T) {
	s := newFrozenFixture(t, 20, 5)
	paths, old := []string(nil), time.Now().Add(-time.Hour)
	for _, ex := range append(s.train, s.val...) {
		paths = append(paths, ex.Path)
		must(t, os.Chtimes(ex.Path, old, old)) // a file modified just now is not remembered
	}
	var lock sync.Mutex
	hashes := map[string]int{}
	content.OnHash = func(path string) {
		lock.Lock()
		defer lock.Unlock()
		hashes[path]++
	}
	defer func() { content.OnHash = nil }()
	opens := countOpens(t, filepath.Dir(paths[0]))

	contents := content.Open("", nil)
	examples, excluded := input.FindImages(paths, nil, input.Options{Contents: contents})
	if len(excluded) > 0 {
		t.Fatal(excluded)
	}
	for i := range examples {
		examples[i].Label = i % 2
	}
	s.train, s.val = examples[:20], examples[20:]
	s.cache = train.Cache{Contents: contents, Dir: t.TempDir()}
	for _, run := range []string{"first", "second"} { // the second finds all features
		job := s.job(t, cached, t.TempDir(), nil)
		job.Data.Denormalize = nil
		must(t, runJob(context.Background(), cached, job))
		counts := opens()
		for _, path := range paths {
			if counts[path] != 2 || hashes[path] != 1 {
				t.Errorf("%s run: %s: got it opened %d times and hashed %d times, want 2 and 1", run, path, counts[path], hashes[path])
			}
		}
	}
}
