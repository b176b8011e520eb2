package featurecache

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

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
