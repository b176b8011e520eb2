package featurecache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"alexnet/internal/content"
	"alexnet/internal/filelock"
)

// ErrBusy reports a file that another process uses, ErrForeign a file of another program that cannot be renamed.
var (
	ErrBusy    = errors.New("another process uses these features")
	ErrForeign = errors.New("the file holds something else")
)

// begin opens and locks the file at path, and recreates it if it does not start with header.
func openOrCreate(path string, header []byte, o Options) (*os.File, error) {
	f, err := filelock.Acquire(path)
	if errors.Is(err, filelock.ErrBusy) {
		err = ErrBusy
	}
	if err != nil {
		return nil, err
	}
	got := make([]byte, len(header))
	n, err := f.ReadAt(got, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	got = got[:n]
	switch {
	case err != nil:
	case bytes.Equal(got, header):
		return f, nil
	case !isOwn(got, stem):
		if err = setAside(path, o); err == nil {
			f.Close()
			return openOrCreate(path, header, o)
		}
	default:
		if n > 0 {
			o.note("features %q are recomputed: the file is damaged, or of another version, key or width", path)
		}
		if err = f.Truncate(0); err == nil {
			_, err = f.WriteAt(header, 0)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ours reports whether a file starts like one of this program, complete or not. A crash may leave nothing, a part, or zeros.
func isOwn(head []byte, stem string) bool {
	head = bytes.TrimRight(head[:min(len(head), len(stem))], "\x00")
	return strings.HasPrefix(stem, string(head))
}

// setAside renames the file of another program at path.
func setAside(path string, o Options) error {
	aside := path + ".foreign"
	if _, err := os.Lstat(aside); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w, and it cannot be renamed: %q exists too", ErrForeign, aside)
	}
	if err := os.Rename(path, aside); err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	o.note("%q was a file of another program: renamed to %q", path, aside)
	return nil
}

// Entry identifies the image of a row.
type Entry struct {
	Path        string
	Orientation int    // by which the decoded image is turned
	Draw        uint64 // of its augmentation; 0 is the plain image
}

// rowKey is the key of a row: the SHA-256 of the content, the orientation and the draw.
type rowKey [sha256.Size]byte

func (p Entry) rowKey(c content.Hash) rowKey {
	return sha256.Sum256(binary.LittleEndian.AppendUint64(append(c[:], byte(p.Orientation)), p.Draw))
}

// keysOf are the keys of the images' rows. It reads the images whose content the index does not know.
func keysOf(ctx context.Context, images []Entry, o Options) ([]rowKey, error) {
	contents := o.Contents
	if contents == nil {
		contents = content.Open("", nil)
	}
	paths := make([]string, len(images))
	for i, p := range images {
		paths[i] = p.Path
	}
	of, _, distinct := dedupe(paths)
	hashes, err := contents.All(ctx, distinct)
	if err != nil {
		return nil, err
	}
	keys := make([]rowKey, len(images))
	for i, p := range images {
		keys[i] = p.rowKey(hashes[of[i]])
	}
	return keys, nil
}

// distinct are the different ones among all, their number each, and for every one of all the number of its like.
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
