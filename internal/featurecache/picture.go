package featurecache

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"alexnet/internal/regular"
)

// Image is what a row is kept of.
type Entry struct {
	Path        string
	Orientation int    // by which the decoded image is turned
	Draw        uint64 // of its augmentation; 0 is the plain image
}

// content is the SHA-256 of a image's encoded bytes.
type content [sha256.Size]byte

// name is what a row is kept under: the SHA-256 of a content, an orientation and a draw.
type rowKey [sha256.Size]byte

func (p Entry) rowKey(c content) rowKey {
	key := binary.LittleEndian.AppendUint64(append(c[:], byte(p.Orientation)), p.Draw)
	return sha256.Sum256(key)
}

// settled is for how long a file has to have been left alone before its time of
// change tells it from what it is changed to next. FAT counts in steps of 2 s.
const settled = 2 * time.Second

// namesOf are what the rows of the images are kept under. It reads the images
// that the index in dir does not know, and renews it.
func namesOf(ctx context.Context, dir string, images []Entry, o Options) ([]rowKey, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	all := make([]string, len(images))
	for i, p := range images {
		if all[i] = p.Path; !filepath.IsAbs(p.Path) {
			all[i] = filepath.Join(here, p.Path)
		}
	}
	of, _, paths := dedupe(all)
	file := filepath.Join(dir, indexName)
	index, err := readIndex(file, o)
	if err != nil {
		return nil, err
	}
	seen, err := look(ctx, paths, index)
	if renew(index, paths, seen) {
		if err := writeIndex(file, index); err != nil {
			o.note("images will be read again the next time: %v", err)
		}
	}
	if err != nil {
		return nil, err
	}
	names := make([]rowKey, len(images))
	for i, p := range images {
		names[i] = p.rowKey(seen[of[i]].content)
	}
	return names, nil
}

// look finds what the files at paths hold, on all cores. What it has come to
// when it fails is there nevertheless; the rest is zero.
func look(ctx context.Context, paths []string, index map[string]entry) ([]entry, error) {
	const chunk = 64
	seen := make([]entry, len(paths))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := range (len(paths) + chunk - 1) / chunk {
		g.Go(func() (err error) {
			for i := from * chunk; i < min((from+1)*chunk, len(paths)) && err == nil; i++ {
				if err = ctx.Err(); err == nil {
					seen[i], err = lookAt(paths[i], index)
				}
			}
			return err
		})
	}
	return seen, g.Wait()
}

func lookAt(path string, index map[string]entry) (e entry, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return e, fmt.Errorf("look for image: %w", err)
	}
	old, ok := index[path]
	if ok && old.size == info.Size() && old.changed == info.ModTime().UnixNano() {
		return old, nil
	}
	e = entry{size: info.Size(), changed: info.ModTime().UnixNano(), fresh: time.Since(info.ModTime()) < settled}
	if e.content, err = hash(path); err != nil {
		return entry{}, err
	}
	return e, nil
}

func hash(path string) (c content, err error) {
	f, _, err := regular.Open(path)
	if err != nil {
		return c, fmt.Errorf("hash image: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return c, fmt.Errorf("hash image %q: %w", path, err)
	}
	return content(h.Sum(nil)), nil
}

// renew brings what was seen into the index and tells whether that changed it.
// A file that has only just changed is left out: it may change again within the
// same tick of the clock.
func renew(index map[string]entry, paths []string, seen []entry) (changed bool) {
	for i, e := range seen {
		old, ok := index[paths[i]]
		switch {
		case e.content == content{} || ok && old == e:
			continue
		case !e.fresh:
			index[paths[i]], changed = e, true
		case ok:
			delete(index, paths[i])
			changed = true
		}
	}
	return changed
}

// distinct are the different ones among all, their number each, and for every
// one of all the number of its like.
func dedupe[T comparable](all []T) (of []int32, number map[T]int32, different []T) {
	of, number, different = make([]int32, len(all)), make(map[T]int32, len(all)), make([]T, 0, len(all))
	for i, v := range all {
		n, ok := number[v]
		if !ok {
			n = int32(len(different))
			number[v], different = n, append(different, v)
		}
		of[i] = n
	}
	return of, number, different
}
