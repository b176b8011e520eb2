package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/classify"
	"alexnet/export"
	"alexnet/input"
)

// trainRun trains a narrow network for an epoch and gives its checkpoint.
func trainRun(t *testing.T, photos, seed string) export.Source {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, log: slog.New(slog.DiscardHandler), level: new(slog.LevelVar)}
	root := newRoot(a)
	root.SetArgs([]string{"train", photos, "--out", out, "--epochs", "1", "--seed", seed, "--size", "67", "--widths", "8,8,8,8,8,16,16"})
	if err := root.ExecuteContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	source, err := classify.Find(out)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// An export that does not answer as the run does is refused, whatever the difference
// comes from.
func TestExportIsComparedWithItsRun(t *testing.T) {
	photos := t.TempDir()
	for i, class := range []string{"dark", "bright"} {
		if err := os.Mkdir(filepath.Join(photos, class), 0o777); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if err := drawImage(filepath.Join(photos, class, string(rune('a'+n))+".jpg"), uint8(40+120*i), uint64(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, second := trainRun(t, photos, "1"), trainRun(t, photos, "2")
	model, err := classify.Load(context.Background(), first, classify.Options{Batch: atOnce})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	stored, renamed, other := first, first, first
	other.Prefix = second.Prefix
	stored.Description.Preprocessing.Orientation = false // which only the turned picture shows
	renamed.Description.Preprocessing.Classes = []string{"dark", "bright"}
	for name, c := range map[string]struct {
		export export.Export
		want   string
	}{
		"the run's own":          {export.Export{Source: first}, ""},
		"another run's":          {export.Export{Source: other}, "got probability"},
		"turned the other way":   {export.Export{Source: stored}, "turned.jpg by oriented: got probability"},
		"names in another order": {export.Export{Source: renamed}, "got class"},
	} {
		t.Run(name, func(t *testing.T) {
			x := exporter{app: &app{stdin: new(bytes.Reader)}, model: model}
			if err := x.choose(nil, t.TempDir()); err != nil {
				t.Fatal(err)
			}
			c.export.Check = x.compare
			out := filepath.Join(t.TempDir(), "model")
			_, err := export.Write(context.Background(), out, c.export)
			if c.want == "" {
				if err != nil || x.compared != 3 || x.difference > tolerance {
					t.Errorf("got %v, %d pictures, %g, want none, 3, at most %g", err, x.compared, x.difference, tolerance)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := os.Stat(out); !os.IsNotExist(err) {
				t.Errorf("got %v of %q, want nothing there", err, out)
			}
		})
	}
}

// The drawn pictures are what they say: one is stored turned.
func TestDrawChecks(t *testing.T) {
	paths, err := drawChecks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	found, problems := input.ExamplesFromPaths(paths, input.Options{})
	if len(problems) > 0 || len(found) != 3 {
		t.Fatalf("got %v, want three pictures", problems)
	}
	for i, want := range []string{"320x240 jpeg", "90x130 png", "320x240 jpeg, orientation 6"} {
		if got := found[i].Header.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
