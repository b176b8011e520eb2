package sandbox

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/internal/testmodel"
)

// What the decoder prints goes with its image, also when the verdict is known, and is not taken for the next image's.
func TestWarnings(t *testing.T) {
	dir := t.TempDir()
	half, noisy, whole := writeImage(t, "half.jpg", testmodel.Half(1)), writeImage(t, "noise.png", faultyImage(t, "noise")), writeImage(t, "whole.jpg", testmodel.JPEG(2))
	var first map[string]string
	for _, name := range []string{"decoded", "verdicts known"} {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			s := openPool(t, func(o *Options) {
				o.Dir, o.Workers = dir, 1
				o.Warn = func(path, warning string) { got[filepath.Base(path)] = warning }
			})
			floats := make([]float32, side*side*3)
			must(t, s.Load(t.Context(), half, 0, floats))
			must(t, s.Try(t.Context(), noisy))
			must(t, s.Try(t.Context(), whole))
			s.Close()
			if !strings.Contains(got["half.jpg"], "Corrupt JPEG data") || got["noise.png"] != "{}; timeout? no" || got["whole.jpg"] != "" {
				t.Errorf("got %q, want one of a corrupt JPEG and what noise prints", got)
			}
			if first == nil {
				first = got
			} else if !maps.Equal(got, first) {
				t.Errorf("got %q, want those of the first time, %q", got, first)
			}
		})
	}
}
