// Package featurecache stores the features of images, the output of a network's frozen layers, so that they are
// computed once and not in every epoch. Start with [NewMemory] and [OpenFile].
//
// A row is the features of one image, float32 or rounded to float16, addressed by the image's index in the dataset. In
// a file its key is the SHA-256 of the image's content, so it survives renaming, other images being added and removed,
// and the run. The index of package content knows the hashes of unchanged images, which are then not read.
//
// Every row of a file carries a checksum, which is verified when the row is read: a torn or altered row is missing,
// never wrong. A file costs 44 bytes of memory per image, about 1 KiB while it is opened, and one row while it is read.
package featurecache

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

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

// From is the part of s whose first row is at offset. It shares s, which its Close leaves open.
func Section(s Store, offset int) Store { return section{s, offset} }

type section struct {
	whole  Store
	offset int
}

func (p section) Has(i int) bool                   { return p.whole.Has(p.offset + i) }
func (p section) Read(i int, into []float32) error { return p.whole.Read(p.offset+i, into) }
func (p section) Write(i int, row []float32) error { return p.whole.Write(p.offset+i, row) }
func (p section) Close() error                     { return nil }

// memory is a store without a file. Its rows are outside Go's heap, because the collector would let as much garbage
// accumulate as there are rows.
type memory struct {
	width int
	size  int64 // bytes of a row
	half  bool
	data  []byte
	there []atomic.Bool
}

// NewMemory returns an empty store of rows in memory. It allocates o.RowSize(width) bytes for each as it is written, and
// frees them at Close.
func NewMemory(rows, width int, o Options) (Store, error) {
	m := &memory{width: width, size: o.RowSize(width), half: o.Half, there: make([]atomic.Bool, rows)}
	if rows == 0 {
		return m, nil
	}
	var err error
	m.data, err = unix.Mmap(-1, 0, int(int64(rows)*m.size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("store features of %d images in memory: allocate %d bytes: %w", rows, int64(rows)*m.size, err)
	}
	return m, nil
}

func (m *memory) row(i int) []byte { return m.data[int64(i)*m.size:][:m.size] }

func (m *memory) Has(i int) bool { return m.data != nil && m.there[i].Load() }

func (m *memory) Read(i int, into []float32) error {
	err := checkWidth(into, m.width)
	switch {
	case err == nil && !m.Has(i):
		err = ErrMissing
	case err == nil && m.half:
		unpackHalves(into, m.row(i))
	case err == nil:
		copy(bytesOf(into), m.row(i))
	}
	if err != nil {
		return fmt.Errorf("read features of image %d: %w", i, err)
	}
	return nil
}

func (m *memory) Write(i int, row []float32) error {
	err := checkWidth(row, m.width)
	switch {
	case err == nil && m.data == nil:
		err = fmt.Errorf("the store is closed")
	case err == nil && m.half:
		packHalves(m.row(i), row)
	case err == nil:
		copy(m.row(i), bytesOf(row))
	}
	if err != nil {
		return fmt.Errorf("store features of image %d: %w", i, err)
	}
	m.there[i].Store(true)
	return nil
}

func (m *memory) Close() (err error) {
	if m.data != nil {
		err, m.data = unix.Munmap(m.data), nil
	}
	return err
}
