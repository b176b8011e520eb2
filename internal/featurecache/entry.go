package featurecache

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"alexnet/internal/content"
)

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

// keysOf are the keys of the images' rows. It reads the images whose content the index
// does not know.
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
