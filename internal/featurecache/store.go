package featurecache

import (
	"errors"
	"fmt"
	"unsafe"

	"alexnet/internal/content"
)

// ErrMissing reports a row that is missing or damaged.
var ErrMissing = errors.New("no such row")

// Store stores rows of one width. Several goroutines may read and write it, but not the same row while it is written.
type Store interface {
	// Read copies row i into a slice of the width. If it returns ErrMissing, the content of the slice is undefined.
	Read(i int, into []float32) error
	// Write stores row i.
	Write(i int, row []float32) error
	// Has reports whether row i is stored. Read may still find it damaged.
	Has(i int) bool
	// Close frees the store's memory. A file stays for the next run.
	Close() error
}

// Options of a store. The zero value stores float32.
type Options struct {
	// Half stores float16: half the memory, and values rounded to 11 significant
	// bits. A row with values beyond 65504 is scaled by a power of two.
	Half bool
	// OnNote is called with a message if data is damaged and recomputed. It may be nil.
	OnNote func(text string)
	// Contents is the index of the images' hashes. Nil: all images are read.
	Contents *content.Index
}

// RowSize is the number of bytes of a row of width values.
func (o Options) RowSize(width int) int64 {
	if o.Half {
		return 2*int64(width) + 2
	}
	return 4 * int64(width)
}

func (o Options) note(format string, args ...any) {
	if o.OnNote != nil {
		o.OnNote(fmt.Sprintf(format, args...))
	}
}

// checkWidth returns an error if a slice does not have the store's width.
func checkWidth(values []float32, width int) error {
	if len(values) != width {
		return fmt.Errorf("got a slice of %d values, want the store's %d", len(values), width)
	}
	return nil
}

// bytesOf returns the memory of values as bytes: little-endian, on x86-64.
func bytesOf(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

// From is the part of s whose first row is at offset. It shares s, which its
// Close leaves open.
func Section(s Store, offset int) Store { return section{s, offset} }

type section struct {
	whole  Store
	offset int
}

func (p section) Has(i int) bool                   { return p.whole.Has(p.offset + i) }
func (p section) Read(i int, into []float32) error { return p.whole.Read(p.offset+i, into) }
func (p section) Write(i int, row []float32) error { return p.whole.Write(p.offset+i, row) }
func (p section) Close() error                     { return nil }
