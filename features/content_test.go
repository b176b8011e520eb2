package features_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/features"
)

func TestContents(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i, text := range []string{"one", "", "two", "one", strings.Repeat("long ", 50_000)} {
		paths = append(paths, filepath.Join(dir, fmt.Sprint(i)))
		must(t, os.WriteFile(paths[i], []byte(text), 0o644))
	}
	got, err := features.Contents(context.Background(), paths)
	must(t, err)
	for i, path := range paths {
		if want := features.Content(sha256.Sum256(read(t, path))); got[i] != want {
			t.Errorf("file %d: got %x, want %x", i, got[i], want)
		}
	}
	if got[0] != got[3] || got[0] == got[2] {
		t.Error("want copies to be one content, and nothing else")
	}
}

func TestContentsErrors(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	must(t, os.WriteFile(good, nil, 0o644))
	missing := filepath.Join(dir, "missing")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	cases := map[string]struct {
		ctx   context.Context
		paths []string
		want  error
		says  string
	}{
		"missing": {context.Background(), []string{good, missing, good}, fs.ErrNotExist, missing},
		"folder":  {context.Background(), []string{good, dir}, nil, dir},
		"ended":   {ended, []string{good, missing}, context.Canceled, ""},
	}
	for name, c := range cases {
		_, err := features.Contents(c.ctx, c.paths)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v that names %q", name, err, c.want, c.says)
		}
	}
	if got, err := features.Contents(context.Background(), nil); err != nil || len(got) != 0 {
		t.Errorf("no files: got %v, %v, want nothing", got, err)
	}
}
