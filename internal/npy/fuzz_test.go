package npy

import (
	"archive/zip"
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"alexnet/internal/tensorfile"
)

// FuzzOpen feeds arbitrary bytes to the reader. It must not panic, must refuse with a
// tensorfile.Error, must not allocate beyond a bound set by the length, and what it accepts must
// survive a round trip.
func FuzzOpen(f *testing.F) {
	for _, c := range hostile(f) {
		if len(c.file) < 1<<16 {
			f.Add(c.file)
		}
	}
	layers := twoLayers()
	var dict, archive bytes.Buffer
	if err := errors.Join(writeDict(&dict, arrays(layers)), writeArchive(&archive, arrays(layers))); err != nil {
		f.Fatal(err)
	}
	array := npyFile(plainHeader(">f8", "True", "(2, 3)"), string(make([]byte, 48)))
	f.Add(dict.Bytes())
	f.Add(archive.Bytes())
	f.Add([]byte("\x80\x02" + py2Layers(layers) + "."))
	f.Add(zipFile(f, member{"a_W.npy", array, zip.Store}, member{"b.npy", dict.Bytes(), zip.Deflate}))
	for _, c := range python3Pickles() {
		f.Add([]byte(c.file))
	}
	f.Add([]byte(manyNames("conv1", "}", "u", 30)))
	f.Add([]byte(manyNames(strings.Repeat("n", 255), "]", "e", 30)))
	f.Add(sameCall(20, 2, true))
	f.Add(sameCall(200, 16, false))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w, err := readBytes(b)
		runtime.ReadMemStats(&after)
		if n, limit := after.TotalAlloc-before.TotalAlloc, allowed(b); n > limit {
			t.Fatalf("allocated %d bytes for %d, want at most %d", n, len(b), limit)
		}
		var format *tensorfile.Error
		if err != nil {
			if !errors.As(err, &format) {
				t.Fatalf("got %T %v, want a tensorfile.Error", err, err)
			}
			return
		}
		var again bytes.Buffer
		if err := errors.Join(check(arrays(w.Layers)), writeDict(&again, arrays(w.Layers))); err != nil {
			t.Fatal(err)
		}
		second, err := readBytes(again.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := sameLayers(second.Layers, w.Layers); err != nil {
			t.Fatal(err)
		}
	})
}

// allowed bounds the allocations for reading b: as in TestHostile and, for an archive, for
// the unpacked members, each with deflate's window.
func allowed(b []byte) uint64 {
	size := uint64(len(b))
	limit := uint64(1 << 20)
	if z, err := zip.NewReader(bytes.NewReader(b), int64(len(b))); err == nil {
		for _, f := range z.File {
			size += min(f.UncompressedSize64, 1032*uint64(len(b)))
			limit += 64 << 10
		}
	}
	return limit + 200*size
}
