package featurecache

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const wide = 9216 // pool5's values

// BenchmarkOpenFile opens a file with the rows of 100,000 images, whose
// contents are simulated: the rows are holes, and the images short.
func BenchmarkOpenFile(b *testing.B) {
	const count = 100_000
	ctx, dir, cache := context.Background(), b.TempDir(), b.TempDir()
	images := make([]Entry, count)
	changed := time.Now().Add(-time.Hour)
	for i := range images {
		images[i].Path = filepath.Join(dir, fmt.Sprintf("class%03d.%06d.jpg", i%1000, i))
		text := fmt.Appendf(nil, "image %d", i)
		if err := os.WriteFile(images[i].Path, text, 0o644); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(images[i].Path, changed, changed); err != nil {
			b.Fatal(err)
		}
	}
	open := func() *File {
		f, err := OpenFile(ctx, cache, Key{}, wide, images, Options{})
		if err != nil {
			b.Fatal(err)
		}
		return f
	}
	f := open()
	for i := range int64(count) {
		if _, err := f.f.WriteAt(appendTag(nil, f.name[i], 0), f.tag(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.f.Truncate(f.at(count)); err != nil {
		b.Fatal(err)
	}
	f.Close()
	for b.Loop() {
		f := open()
		if !f.Has(0) || !f.Has(count-1) {
			b.Fatal("got no rows, want them found")
		}
		f.Close()
	}
	b.ReportMetric(float64(b.N*count)/b.Elapsed().Seconds(), "images/s")
}

// BenchmarkStore writes rows of 9,216 values, and reads batches of 128
// out of order.
func BenchmarkStore(b *testing.B) {
	const batch = 128
	path := filepath.Join(b.TempDir(), "image")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		b.Fatal(err)
	}
	images := make([]Entry, 256)
	for i := range images {
		images[i] = Entry{path, 1, uint64(i)}
	}
	row := make([]float32, wide)
	for k := range row {
		row[k] = max(0, float32(k%97)-48)
	}
	into := make([]float32, batch*wide)
	for _, half := range []bool{false, true} {
		o := Options{Half: half}
		file, err := OpenFile(context.Background(), b.TempDir(), Key{}, wide, images, o)
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		memory, err := NewMemory(len(images), wide, o)
		if err != nil {
			b.Fatal(err)
		}
		defer memory.Close()
		for name, s := range map[string]Store{"file": file, "memory": memory} {
			name = fmt.Sprintf("%s/half=%v", name, half)
			b.Run("write/"+name, func(b *testing.B) {
				b.SetBytes(4 * wide)
				for n := 0; b.Loop(); n++ {
					if err := s.Write(n%len(images), row); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("read/"+name, func(b *testing.B) {
				for i := range images {
					if err := s.Write(i, row); err != nil {
						b.Fatal(err)
					}
				}
				b.SetBytes(4 * wide * batch)
				for b.Loop() {
					for k := range batch {
						if err := s.Read(k*151%len(images), into[k*wide:][:wide]); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}
