package classify_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/checkpoint"
	"alexnet/classify"
)

func TestFind(t *testing.T) {
	folder := filepath.Join(run, "checkpoints")
	first, second := filepath.Join(folder, "model_epoch1.ckpt"), filepath.Join(folder, "model_epoch2.ckpt")
	empty := t.TempDir()
	file := filepath.Join(empty, "file")
	must(t, os.WriteFile(file, nil, 0o644))
	cases := map[string]struct {
		path, want string
		err        error
	}{
		"run directory: the best":         {path: run, want: first},
		"folder of checkpoints: the best": {path: folder, want: first},
		"prefix":                          {path: second, want: second},
		"description":                     {path: second + ".json", want: second},
		"index":                           {path: second + ".index", want: second},
		"data":                            {path: second + ".data-00000-of-00001", want: second},
		"nothing there":                   {path: filepath.Join(run, "none"), err: os.ErrNotExist},
		"a prefix of nothing":             {path: filepath.Join(folder, "model_epoch3.ckpt"), err: os.ErrNotExist},
		"a folder without any":            {path: empty, err: checkpoint.ErrNone},
		"another file":                    {path: file, err: checkpoint.ErrNone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := classify.Find(c.path)
			if got.Prefix != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v, want %q, %v", got.Prefix, err, c.want, c.err)
			}
			if err != nil && !strings.Contains(err.Error(), c.path) {
				t.Errorf("got %q, want it to name %q", err, c.path)
			}
		})
	}
}

func TestOpenRefusesDamagedCheckpoints(t *testing.T) {
	copied := func(t *testing.T, change func(name string, b []byte) []byte) string {
		dir := t.TempDir()
		paths, err := filepath.Glob(filepath.Join(run, "checkpoints", "model_epoch1.ckpt.*"))
		must(t, err)
		for _, p := range paths {
			b, err := os.ReadFile(p)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, filepath.Base(p)), change(filepath.Base(p), b), 0o644))
		}
		return filepath.Join(dir, "model_epoch1.ckpt")
	}
	damage := func(suffix string, change func([]byte) []byte) func(string, []byte) []byte {
		return func(name string, b []byte) []byte {
			if strings.HasSuffix(name, suffix) {
				return change(b)
			}
			return b
		}
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	wider := func(b []byte) []byte { // without checksums, which an attacker could compute
		text := strings.NewReplacer(`"checksum"`, `"sum"`, `"bundle"`, `"files"`).Replace(string(b))
		return []byte(strings.Replace(text, "16\n", "18\n", 1))
	}
	cases := map[string]struct {
		change  func(string, []byte) []byte
		damaged bool
	}{
		"flipped data":                   {damage("00001", flip), true},
		"half a description":             {damage(".json", func(b []byte) []byte { return b[:len(b)/2] }), true},
		"a description of wider layers":  {damage(".json", wider), false},
		"a flipped description":          {damage(".json", flip), true},
		"an index of another file":       {damage(".index", func([]byte) []byte { return []byte("not an index") }), true},
		"a data file that ends too soon": {damage("00001", func(b []byte) []byte { return b[:len(b)-1] }), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			prefix := copied(t, c.change)
			model, err := classify.Open(context.Background(), prefix, classify.Options{})
			if err == nil {
				model.Close()
				t.Fatal("got no error")
			}
			if errors.Is(err, checkpoint.ErrDamaged) != c.damaged || !strings.Contains(err.Error(), prefix) {
				t.Errorf("got %v, want damaged %v and the name %q", err, c.damaged, prefix)
			}
		})
	}
}
