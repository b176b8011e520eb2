package weights

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/internal/hint"
)

// A file or folder that is something else is named, with what to do.
func TestOpenNamesOtherKinds(t *testing.T) {
	zipped := func(member string) string {
		return "PK\x03\x04" + strings.Repeat("\x00", 22) + string(rune(len(member))) + "\x00\x00\x00" + member + strings.Repeat("\x00", 50)
	}
	var gzipped bytes.Buffer
	w := gzip.NewWriter(&gzipped)
	w.Write([]byte("\x93NUMPY"))
	w.Close()
	files := map[string]struct {
		files map[string]string // "" is the path itself
		got   string
		hint  string
	}{
		"a Git LFS pointer":  {map[string]string{"": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"}, "a Git LFS pointer", "git lfs pull"},
		"a web page":         {map[string]string{"": "\n<!DOCTYPE html><title>404</title>"}, "HTML", "download the file again"},
		"gzip":               {map[string]string{"": gzipped.String()}, "a gzip archive", "gunzip"},
		"empty":              {map[string]string{"": ""}, "an empty file", "download"},
		"an image":           {map[string]string{"": "\xff\xd8\xff\xe0"}, "an image (JPEG)", "a weights file"},
		"HDF5":               {map[string]string{"": "\x89HDF\r\n\x1a\n"}, "HDF5", "npz"},
		"Keras":              {map[string]string{"": zipped("metadata.json")}, "a Keras model", "npz"},
		"ONNX":               {map[string]string{"": "\x08\x07\x12\x07pytorch"}, "an ONNX model", "npz"},
		"TensorFlow Lite":    {map[string]string{"": "\x1c\x00\x00\x00TFL3"}, "a TensorFlow Lite model", "npz"},
		"another zip":        {map[string]string{"": "PK\x05\x06" + strings.Repeat("\x00", 18)}, "0 members", ""},
		"text":               {map[string]string{"": "conv1\n"}, "text", ""},
		"unknown":            {map[string]string{"": "\x01\x02\x03"}, `"\x01\x02\x03"`, "docs/usage.md"},
		"its file":           {map[string]string{"": "\x08\x01\x12\x05"}, "saved_model.pb", "npz"},
		"a folder of images": {map[string]string{"a.jpg": "\xff\xd8\xff"}, "a folder without arrays", "docs/usage.md"},
	}
	for name, c := range files {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "weights")
			for file, content := range c.files {
				file = filepath.Join(path, file)
				if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), c.got) || !strings.Contains(err.Error(), path) || !strings.Contains(hint.Of(err), c.hint) || c.hint == "" && hint.Of(err) != "" {
				t.Errorf("got %v, hint %q, want %q and %q", err, hint.Of(err), c.got, c.hint)
			}
		})
	}
}
