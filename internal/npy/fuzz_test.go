package npy

import (
	"archive/zip"
	"bytes"
	"errors"
	"runtime"
	"testing"
)

// FuzzOpen feeds any bytes to the reader. It must not panic, must refuse with a
// FormatError, must not allocate beyond a bound that the length sets, and what it accepts
// must be the same after it was written and read again.
func FuzzOpen(f *testing.F) {
	for _, c := range hostile(f) {
		if len(c.file) < 1<<16 {
			f.Add(c.file)
		}
	}
	layers := twoLayers()
	var dict, archive bytes.Buffer
	if err := errors.Join(writeDict(&dict, layers), writeArchive(&archive, layers)); err != nil {
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
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w, err := readBytes(b)
		runtime.ReadMemStats(&after)
		// Deflate may unpack 1032 times, and float16 doubles what it unpacks to; opening a
		// member costs deflate's window.
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(4<<20+2500*len(b)) {
			t.Fatalf("allocated %d bytes for %d", n, len(b))
		}
		var format *FormatError
		if err != nil {
			if !errors.As(err, &format) {
				t.Fatalf("got %T %v, want a FormatError", err, err)
			}
			return
		}
		var again bytes.Buffer
		if err := errors.Join(check(w.all()), writeDict(&again, w.all())); err != nil {
			t.Fatal(err)
		}
		second, err := readBytes(again.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := sameLayers(second.all(), w.all()); err != nil {
			t.Fatal(err)
		}
	})
}
