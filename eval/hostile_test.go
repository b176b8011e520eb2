package eval

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"alexnet/checkpoint"
	"alexnet/tfgraph"
)

// claiming is a copy of the trained run's best checkpoint whose description is
// changed.
func claiming(t *testing.T, change func(*checkpoint.Meta)) (prefix string) {
	t.Helper()
	from, err := Find(trained(t))
	must(t, err)
	meta, err := Describe(from)
	must(t, err)
	meta.Bundle = nil // and with it the checksum, which whoever writes such a thing could make
	change(&meta)
	prefix = filepath.Join(t.TempDir(), meta.Name)
	for _, suffix := range []string{".index", ".data-00000-of-00001"} {
		text, err := os.ReadFile(from + suffix)
		must(t, err)
		must(t, os.WriteFile(prefix+suffix, text, 0o644))
	}
	text, err := json.Marshal(meta)
	must(t, err)
	must(t, os.WriteFile(prefix+".json", text, 0o644))
	return prefix
}

// A description that claims a larger network than the weights beside it are of is
// refused before anything of that size is made: the network claimed here has band
// matrices of 64 MiB.
func TestOpenBelievesNoDescription(t *testing.T) {
	cases := map[string]struct {
		change func(*checkpoint.Meta)
		says   string
	}{
		"wide":     {func(m *checkpoint.Meta) { m.Network.Widths.Conv = [5]int{4096, 4096, 4096, 4096, 4096} }, "4096"},
		"far wide": {func(m *checkpoint.Meta) { m.Network.Widths.Conv[0] = 1 << 40 }, "width of conv1"},
		"deep":     {func(m *checkpoint.Meta) { m.Network.Widths.FC[1] = 1 << 16 }, "65536"},
		"large":    {func(m *checkpoint.Meta) { m.Network.Size, m.Preprocessing.Size = 4096, 4096 }, "fc6/weights"},
		"huge":     {func(m *checkpoint.Meta) { m.Network.Size, m.Preprocessing.Size = 1<<30, 1<<30 }, "size: got 1073741824"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			prefix := claiming(t, c.change)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			model, err := Open(context.Background(), prefix, tfgraph.Options{})
			runtime.ReadMemStats(&after)
			if err == nil {
				must(t, model.Close())
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), filepath.Base(prefix)) {
				t.Errorf("got %v, want it to say %q and name the checkpoint", err, c.says)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
				t.Errorf("allocated %d bytes, want some of the files' size", n)
			}
		})
	}
}
