package classify_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"alexnet/alexnet"
	"alexnet/classify"
)

// claiming is a copy of the run's best checkpoint with another model description.
func claiming(t *testing.T, change func(*alexnet.Description)) (prefix string) {
	t.Helper()
	source, err := classify.Find(run)
	must(t, err)
	meta := source.Checkpoint
	meta.Bundle = nil // and with it the checksum, which an attacker could compute
	change(&source.Description)
	meta.Model = source.Description.JSON()
	prefix = filepath.Join(t.TempDir(), meta.Name)
	for _, suffix := range []string{".index", ".data-00000-of-00001"} {
		text, err := os.ReadFile(source.Prefix + suffix)
		must(t, err)
		must(t, os.WriteFile(prefix+suffix, text, 0o644))
	}
	text, err := json.Marshal(meta)
	must(t, err)
	must(t, os.WriteFile(prefix+".json", text, 0o644))
	return prefix
}

// A description of a larger network than the weights beside it is refused before anything of that size is allocated:
// the network described here has band matrices of 64 MiB.
func TestOpenChecksDescriptions(t *testing.T) {
	cases := map[string]struct {
		change func(*alexnet.Description)
		says   string
	}{
		"wide":     {func(d *alexnet.Description) { d.Network.Widths = []int{4096, 4096, 4096, 4096, 4096, 16, 16} }, "4096"},
		"far wide": {func(d *alexnet.Description) { d.Network.Widths = []int{1 << 40, 8, 8, 8, 8, 16, 16} }, "width of conv1"},
		"deep":     {func(d *alexnet.Description) { d.Network.Widths = []int{8, 8, 8, 8, 8, 16, 1 << 16} }, "65536"},
		"large":    {func(d *alexnet.Description) { d.Network.Size, d.Preprocessing.Size = 4096, 4096 }, "fc6/weights"},
		"huge":     {func(d *alexnet.Description) { d.Network.Size, d.Preprocessing.Size = 1<<30, 1<<30 }, "size: got 1073741824"},
		"names":    {func(d *alexnet.Description) { d.Preprocessing.Classes = d.Preprocessing.Classes[:2] }, "got 2 class names, want 3"},
		"size":     {func(d *alexnet.Description) { d.Preprocessing.Size = 99 }, "99"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			prefix := claiming(t, c.change)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			model, err := classify.Open(context.Background(), prefix, classify.Options{})
			runtime.ReadMemStats(&after)
			if err == nil {
				must(t, model.Close())
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), filepath.Base(prefix)) {
				t.Errorf("got %v, want it to contain %q and the checkpoint's name", err, c.says)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
				t.Errorf("allocated %d bytes, want about the size of the files", n)
			}
		})
	}
}
