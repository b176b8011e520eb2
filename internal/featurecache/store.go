package featurecache

import (
	"errors"
	"fmt"
	"unsafe"

	"alexnet/internal/content"
)

// ErrMissing reports a row that is not there, or not whole.
var ErrMissing = errors.New("no such row")

// Store keeps rows of one width. Several goroutines may read and write, but a
// row only one at a time while it is written.
type Store interface {
	// Read copies row i into a slice of the width; ErrMissing where there is none,
	// and then the slice may hold anything.
	Read(i int, into []float32) error
	// Write keeps row i.
	Write(i int, row []float32) error
	// Has tells whether row i is there. Read may still find it altered.
	Has(i int) bool
	// Close gives back what the store holds, when nobody reads it any more; a file
	// stays for the next run.
	Close() error
}

// Options are how a store keeps rows. The zero value is float32, and nobody told.
type Options struct {
	// Half keeps float16: half the memory, and values rounded to 11 significant
	// bits. A row with values beyond 65504 is divided by a power of two before.
	Half bool
	// OnNote hears of what was found damaged and is begun anew. It may be nil.
	OnNote func(text string)
	// Contents knows the images' hashes. Nil: all images are read.
	Contents *content.Index
}

// RowSize is how many bytes a row of width values takes.
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

// checkWidth says that a slice is not of a store's width.
func checkWidth(values []float32, width int) error {
	if len(values) != width {
		return fmt.Errorf("got a slice of %d values, want the store's %d", len(values), width)
	}
	return nil
}

// bytesOf views values as what they are in memory: little-endian, on x86-64.
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
