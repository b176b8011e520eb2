package input

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// memory counts the buffers that exist.
type memory struct{ now, most, closed atomic.Int32 }

type rowsOf struct {
	*memory
	rows [][]float32
	once sync.Once
}

func (r *rowsOf) Row(i int) []float32 { return r.rows[i] }

func (r *rowsOf) Close() {
	r.now.Add(-1)
	r.closed.Add(1)
	first := false
	r.once.Do(func() { first = true })
	if !first {
		panic("closed twice")
	}
	r.rows = nil // a late write would be seen
}

func (m *memory) alloc(rows int) (*rowsOf, error) {
	now := m.now.Add(1)
	for most := m.most.Load(); now > most && !m.most.CompareAndSwap(most, now); most = m.most.Load() {
	}
	b := &rowsOf{memory: m, rows: make([][]float32, rows)}
	for i := range b.rows {
		b.rows[i] = make([]float32, 2)
	}
	return b, nil
}

// stored writes n small images, the i-th i+1 pixels wide, and checks them.
func stored(t testing.TB, n int) []Example {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i := range n {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("%03d.png", i)))
		writeFile(t, paths[i], encode(t, PNG, gradient(i+1, 2)))
	}
	examples, problems := FindImages(paths, nil, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for i := range examples {
		examples[i].Label = i % 3
	}
	return examples
}

// widths decodes an image to its width and orientation.
func widths(_ context.Context, encoded []byte, ex Example, _ uint64, into []float32) error {
	h, err := checkBytes(encoded, Limits{}.orDefaults())
	into[0], into[1] = float32(h.Width), float32(ex.Orientation)
	return err
}

func loader(t testing.TB, n int) (*Loader[*rowsOf], *memory) {
	m := &memory{}
	return &Loader[*rowsOf]{Examples: stored(t, n), Batch: 4, Workers: 3, Ahead: 2, Alloc: m.alloc, Decode: widths}, m
}
