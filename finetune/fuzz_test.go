package finetune

import (
	"encoding/json"
	"os"
	"reflect"
	"runtime"
	"testing"

	"alexnet/alexnet"
	"alexnet/internal/rundir"
)

// Any config.json is either an error or settings that can be validated, have a bounded plan, and survive a round
// trip.
func FuzzReadConfig(f *testing.F) {
	c := New("photos", "bvlc.npy")
	text, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)/2])
	for _, seed := range []string{"", "null", "[]", `{"epochs":1e999}`, `{"save_every":"10m","device":"gpu:0","train_layers":["fc9",""]}`,
		`{"save_every":-1}`, `{"seed":-1}`, `{"learning_rate":"NaN"}`, `{"network":{"classes":1099511627776,"widths":[2,2,2,2,4611686018427387904,1,1]}}`,
		`{"init_layers":",,","formats":"webp,tiff,webp","resize":"crop","on_nan":"skip","clip_norm":1e308}`} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		must(t, os.WriteFile(rundir.Dir(dir).Config(), text, 0o644))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, err := ReadConfig(dir)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(1<<20+200*len(text)) {
			t.Fatalf("allocated %d bytes for %d", n, len(text))
		}
		if err != nil {
			return
		}
		for _, s := range Settings {
			s.Get(c)
		}
		if c.Validate() == nil && c.Network.WithDefaults().Validate() == nil {
			for _, l := range c.Network.Layers() {
				if n := l.Parameters(); n < 1 {
					t.Errorf("%s: got %d parameters", l.Name, n)
				}
			}
			// An unknown layer is an error; a plan holds only shapes.
			_, _ = alexnet.NewPlan(c.Network, nil, c.layerSelection())
		}
		_, err = c.write(dir)
		must(t, err)
		again, err := ReadConfig(dir)
		must(t, err)
		if !reflect.DeepEqual(again, c) {
			t.Errorf("got %+v, want %+v", again, c)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
