package checkpoint

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"alexnet/ops"
	"alexnet/tfgraph"
)

// saved is a bundle of a standard shelf, and the bits that are in it.
func saved(t testing.TB) (prefix string, bits map[string][]uint32) {
	t.Helper()
	s := filled(t, 1)
	prefix = filepath.Join(t.TempDir(), "a.ckpt")
	must(t, s.saver.Save(context.Background(), s.session, prefix, nil))
	return prefix, s.contents(t)
}

// fed are the bits that w feeds in the place of variables.
func fed(w tfgraph.Feeds, vars []ops.Variable) map[string][]uint32 {
	all := map[string][]uint32{}
	for _, v := range vars {
		for _, x := range tfgraph.Data[float32](w[v.Value]) {
			all[v.Name] = append(all[v.Name], math.Float32bits(x))
		}
	}
	return all
}

func TestWeightsAreTheBitsSaved(t *testing.T) {
	prefix, want := saved(t)
	for name, l := range map[string]layout{"all": standard, "some of them": standard[1:]} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, l)
			w, err := Load(context.Background(), prefix, s.vars)
			must(t, err)
			want := maps.Clone(want)
			if len(l) < len(standard) {
				delete(want, standard[0].name)
			}
			if got := fed(w, s.vars); !reflect.DeepEqual(got, want) {
				t.Errorf("got %x, want %x", got, want)
			}
			for range 2 {
				w.Close()
			}
		})
	}
}

// Loaded weights do not change when the checkpoint's files do.
func TestWeightsOutliveTheirFiles(t *testing.T) {
	prefix, want := saved(t)
	s := newShelf(t, standard)
	w, err := Load(context.Background(), prefix, s.vars)
	must(t, err)
	defer w.Close()
	for _, path := range bundleFiles(prefix) {
		must(t, os.Truncate(path, 0))
	}
	if got := fed(w, s.vars); !reflect.DeepEqual(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	prefix, _ := saved(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Load(ctx, prefix, newShelf(t, standard).vars); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
