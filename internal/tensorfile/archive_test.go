package tensorfile

import (
	"archive/zip"
	"strings"
	"testing"
)

func TestCheckArchive(t *testing.T) {
	entry := func(method uint16, flags uint16, packed, inflated uint64) *zip.File {
		return &zip.File{FileHeader: zip.FileHeader{Name: "a_W.npy", Method: method, Flags: flags,
			CompressedSize64: packed, UncompressedSize64: inflated}}
	}
	for _, c := range []struct {
		name  string
		files []*zip.File
		want  string
	}{
		{"honest", []*zip.File{entry(zip.Deflate, 0, 4000, 90000), entry(zip.Store, 0, 5000, 5000)}, ""},
		{"overlapping", []*zip.File{entry(zip.Deflate, 0, 9000, 90000), entry(zip.Store, 0, 5000, 5000)}, "14000 bytes packed"},
		{"together too much", []*zip.File{entry(zip.Deflate, 0, 1<<20, 800<<20), entry(zip.Deflate, 0, 1<<20, 800<<20)}, "plausible"},
		{"beyond deflate", []*zip.File{entry(zip.Deflate, 0, 100, 200000)}, "plausible"},
		{"stored and smaller", []*zip.File{entry(zip.Store, 0, 100, 200)}, "plausible"},
		{"encrypted", []*zip.File{entry(zip.Store, 1, 100, 100)}, "encrypted"},
		{"bzip2", []*zip.File{entry(12, 0, 100, 100)}, "method 12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkArchive(&zip.Reader{File: c.files}, 10000)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	large := []*zip.File{entry(zip.Deflate, 0, 2<<20, 800<<20), entry(zip.Deflate, 0, 2<<20, 800<<20)}
	if err := checkArchive(&zip.Reader{File: large}, 8<<20); err == nil || !strings.Contains(err.Error(), "unpacked") {
		t.Errorf("two members of 800 MiB: got %v, want a refusal", err)
	}
}
