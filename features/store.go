package features

import (
	"errors"
	"fmt"
)

// ErrMissing reports a row that is not there, or not whole.
var ErrMissing = errors.New("no such row")

// Store keeps rows of one width. Rows may be read from several goroutines;
// writing is for one.
type Store interface {
	// Read copies row i into a slice of the width; ErrMissing where there is none.
	Read(i int, into []float32) error
	// Write keeps row i.
	Write(i int, row []float32) error
	// Has tells whether row i is there. Read may still find it altered.
	Has(i int) bool
	// Close gives back what the store holds; a file stays for the next run.
	Close() error
}

// memory is a store without a file.
type memory struct {
	width int
	rows  [][]float32
}

// NewMemory makes an empty store of rows in memory.
func NewMemory(rows, width int) Store {
	return &memory{width: width, rows: make([][]float32, rows)}
}

func (m *memory) Has(i int) bool { return m.rows[i] != nil }

func (m *memory) Read(i int, into []float32) error {
	if m.rows[i] == nil {
		return fmt.Errorf("read features of picture %d: %w", i, ErrMissing)
	}
	copy(into, m.rows[i])
	return nil
}

func (m *memory) Write(i int, row []float32) error {
	m.rows[i] = append(m.rows[i][:0], row...)
	return nil
}

func (m *memory) Close() error {
	m.rows = nil
	return nil
}

// From is the part of s whose first row is at offset. It shares s, which its
// Close leaves open.
func From(s Store, offset int) Store { return part{s, offset} }

type part struct {
	whole  Store
	offset int
}

func (p part) Has(i int) bool                   { return p.whole.Has(p.offset + i) }
func (p part) Read(i int, into []float32) error { return p.whole.Read(p.offset+i, into) }
func (p part) Write(i int, row []float32) error { return p.whole.Write(p.offset+i, row) }
func (p part) Close() error                     { return nil }
