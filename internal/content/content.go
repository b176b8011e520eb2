// Package content identifies files by the SHA-256 of their content and remembers it, so
// that a file is read for that only once. Start with [Open] and [Index.Of].
//
// A file counts as unchanged while its size, modification time and inode change time are; the last catches a copy that
// restores the first two. A file modified less than two seconds ago is not remembered: it may change again within the
// resolution of its file system's clock.
package content

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"alexnet/internal/atomicfile"
	"alexnet/internal/regular"
)

// Hash is the SHA-256 of a file's content.
type Hash [sha256.Size]byte

// OnHash, if set, is called for each file that is hashed. Tests count with it.
var OnHash func(path string)

// Sum hashes the content of the file at path, which the caller has read.
func Sum(path string, data []byte) Hash {
	if OnHash != nil {
		OnHash(path)
	}
	return sha256.Sum256(data)
}

// Stamp distinguishes the versions of a file without reading it. The zero value matches nothing.
type Stamp struct {
	size, modified, changed int64 // bytes, ns since 1970, ns since 1970
}

const settleTime = 2 * time.Second

func stampOf(info fs.FileInfo) Stamp {
	if time.Since(info.ModTime()) < settleTime {
		return Stamp{}
	}
	s := Stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		s.changed = stat.Ctim.Nano()
	}
	return s
}

// StampOf is the stamp of the file at path, zero if it cannot be relied on.
func StampOf(path string) Stamp {
	info, err := os.Stat(path)
	if err != nil {
		return Stamp{}
	}
	return stampOf(info)
}

type entry struct {
	Stamp
	hash Hash
}

// Index remembers the hashes of files by path. It is safe for concurrent use.
type Index struct {
	file string // "": in memory only
	note func(string)

	lock    sync.Mutex
	entries map[string]entry // by absolute path
	used    map[string]bool
	changed bool
}

// FileName is the name of an index's file.
const FileName = "contents.index"

// Open reads the index in dir, which several processes may share; with dir "" it is in memory only. A damaged file is
// ignored. Messages for the user go to note, which may be nil.
func Open(dir string, note func(string)) *Index {
	if note == nil {
		note = func(string) {}
	}
	x := &Index{note: note, entries: map[string]entry{}, used: map[string]bool{}}
	if dir != "" {
		x.file = filepath.Join(dir, FileName)
		if err := x.merge(); err != nil {
			note(fmt.Sprintf("all images are read again: %v", err))
		}
	}
	return x
}

// Of is the hash of the file at path, which is read only if its hash is unknown.
func (x *Index) Of(path string) (Hash, error) {
	if h, ok := x.Lookup(path); ok {
		return h, nil
	}
	f, info, err := regular.Open(path)
	if err != nil {
		return Hash{}, err
	}
	defer f.Close()
	return x.OfFile(path, f, info)
}

// OfFile is [Index.Of] for a file that is open already.
func (x *Index) OfFile(path string, f io.ReaderAt, info fs.FileInfo) (Hash, error) {
	stamp := stampOf(info)
	if h, ok := x.At(path, stamp); ok {
		return h, nil
	}
	if OnHash != nil {
		OnHash(path)
	}
	sum := sha256.New()
	switch n, err := io.Copy(sum, io.NewSectionReader(f, 0, info.Size()+1)); {
	case err != nil:
		return Hash{}, fmt.Errorf("hash file %q: %w", path, err)
	case n != info.Size():
		return Hash{}, fmt.Errorf("hash file %q: got %d bytes, want %d: it was changed meanwhile", path, n, info.Size())
	}
	h := Hash(sum.Sum(nil))
	x.Put(path, stamp, h)
	return h, nil
}

// All is [Index.Of] for several files, on all cores.
func (x *Index) All(ctx context.Context, paths []string) ([]Hash, error) {
	hashes := make([]Hash, len(paths))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		g.Go(func() (err error) {
			if err = ctx.Err(); err == nil {
				hashes[i], err = x.Of(path)
			}
			return err
		})
	}
	return hashes, g.Wait()
}

// Lookup is the known hash of the file at path, if it has not changed since.
func (x *Index) Lookup(path string) (Hash, bool) { return x.At(path, StampOf(path)) }

// At is the known hash of the file at path in the version of the stamp.
func (x *Index) At(path string, s Stamp) (Hash, bool) {
	if s == (Stamp{}) {
		return Hash{}, false
	}
	path = absolute(path)
	x.lock.Lock()
	defer x.lock.Unlock()
	e, ok := x.entries[path]
	if !ok || e.Stamp != s {
		return Hash{}, false
	}
	x.used[path] = true
	return e.hash, true
}

// Put records the hash of the file at path, which had the stamp before and after it was read.
func (x *Index) Put(path string, s Stamp, h Hash) {
	if s == (Stamp{}) {
		return
	}
	path = absolute(path)
	x.lock.Lock()
	defer x.lock.Unlock()
	x.used[path] = true
	if e := (entry{s, h}); x.entries[path] != e {
		x.entries[path], x.changed = e, true
	}
}

// Hashes are all known hashes.
func (x *Index) Hashes() map[Hash]bool {
	x.lock.Lock()
	defer x.lock.Unlock()
	all := make(map[Hash]bool, len(x.entries))
	for _, e := range x.entries {
		all[e.hash] = true
	}
	return all
}

// Save writes the index, merged with what other processes have added, without the files
// that no longer exist. If it fails, files are read again the next time.
func (x *Index) Save() {
	x.lock.Lock()
	defer x.lock.Unlock()
	if x.file == "" || !x.changed {
		return
	}
	if err := x.save(); err != nil {
		x.note(fmt.Sprintf("images will be read again the next time: %v", err))
		return
	}
	x.changed = false
}

func (x *Index) save() error {
	if err := os.MkdirAll(filepath.Dir(x.file), 0o777); err != nil {
		return err
	}
	if err := x.merge(); errors.Is(err, regular.Err) {
		return err
	}
	for path := range x.entries {
		if x.used[path] {
			continue
		}
		if _, err := os.Lstat(path); err != nil {
			delete(x.entries, path)
		}
	}
	if err := atomicfile.Sweep(x.file, time.Hour); err != nil {
		return err
	}
	return atomicfile.WriteCache(x.file, encode(x.entries))
}

// merge adds the entries of the file for paths that are not known.
func (x *Index) merge() error {
	raw, err := regular.Read(x.file, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	entries, err := parse(raw)
	for path, e := range entries {
		if _, known := x.entries[path]; !known {
			x.entries[path] = e
		}
	}
	if err != nil {
		return fmt.Errorf("index %q: %w", x.file, err)
	}
	return nil
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
