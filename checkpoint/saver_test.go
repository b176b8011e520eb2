package checkpoint

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/internal/testenv"
	"alexnet/ops"
	"alexnet/tfgraph"
)

func TestRestoreGivesTheBitsSaved(t *testing.T) {
	s := filled(t, 1)
	prefix := filepath.Join(t.TempDir(), "a.ckpt")
	must(t, s.saver.Save(context.Background(), s.session, prefix, nil))
	if got, want := restored(t, prefix), s.contents(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestRestoreTakesSomeOfTheVariables(t *testing.T) {
	s := filled(t, 1)
	prefix := filepath.Join(t.TempDir(), "a.ckpt")
	must(t, s.saver.Save(context.Background(), s.session, prefix, nil))
	part := newShelf(t, standard[1:])
	must(t, part.saver.Restore(context.Background(), part.session, prefix))
	want := maps.Clone(s.contents(t))
	delete(want, "conv1/weights")
	if got := part.contents(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// A bundle that cannot be restored is an error that says why, and no variable changes, not even those that could be
// read.
func TestRestoreRefuses(t *testing.T) {
	for name, c := range refusals() {
		t.Run(name, func(t *testing.T) {
			prefix, _ := saved(t)
			if c.damage != nil {
				must(t, c.damage(prefix))
			}
			if c.into == nil {
				c.into = standard
			}
			s := newShelf(t, c.into)
			s.fill(t, 2)
			before := s.contents(t)
			err := s.saver.Restore(context.Background(), s.session, prefix)
			c.check(t, prefix, err)
			if after := s.contents(t); !reflect.DeepEqual(after, before) {
				t.Errorf("variables changed: got %x, want %x", after, before)
			}
			_, err = Load(context.Background(), prefix, s.vars)
			c.check(t, prefix, err)
		})
	}
}

// TensorFlow takes some of these names for patterns.
func TestSaveAndRestoreAtAnyPath(t *testing.T) {
	for _, name := range testenv.OddNames {
		t.Run(strconv.Quote(name), func(t *testing.T) {
			s := filled(t, 1)
			prefix := filepath.Join(t.TempDir(), name, name)
			must(t, os.Mkdir(filepath.Dir(prefix), 0o777))
			must(t, s.saver.Save(context.Background(), s.session, prefix, nil))
			if got, want := restored(t, prefix), s.contents(t); !reflect.DeepEqual(got, want) {
				t.Errorf("got %x, want %x", got, want)
			}
		})
	}
}

// flip changes one bit at a fraction of a file.
func flip(suffix string, fraction float64) func(string) error {
	return rewrite(suffix, func(b []byte) []byte {
		b[int(fraction*float64(len(b)-1))] ^= 1
		return b
	})
}

// cut keeps a fraction of a file.
func cut(suffix string, fraction float64) func(string) error {
	return rewrite(suffix, func(b []byte) []byte { return b[:int(fraction*float64(len(b)))] })
}

func rewrite(suffix string, change func([]byte) []byte) func(string) error {
	return func(prefix string) error {
		b, err := os.ReadFile(prefix + suffix)
		if err != nil {
			return err
		}
		return os.WriteFile(prefix+suffix, change(b), 0o644)
	}
}

func remove(suffix string) func(string) error {
	return func(prefix string) error { return os.Remove(prefix + suffix) }
}

func TestSaveBesideNoFolder(t *testing.T) {
	s := filled(t, 1)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	prefix := filepath.Join(file, "a.ckpt")
	err := s.saver.Save(context.Background(), s.session, prefix, nil)
	if err == nil || !strings.Contains(err.Error(), prefix) {
		t.Errorf("got %v, want an error that names %q", err, prefix)
	}
}

func TestFullSlice(t *testing.T) {
	for want, shape := range map[string][]int64{
		"4 -": {4}, "4 3 -:-": {4, 3}, "11 11 3 96 -:-:-:-": {11, 11, 3, 96},
	} {
		if got := fullSliceSpec(shape); got != want {
			t.Errorf("%v: got %q, want %q", shape, got, want)
		}
	}
}

func TestNewSaverPassesOnTheScopesError(t *testing.T) {
	root := op.NewScope()
	v := ops.NewVariable(root, "w", 2)
	ops.NewVariable(root, "w", 2) // the name is taken
	NewSaver(root, []ops.Variable{v})
	if _, err := tfgraph.GraphDef(root); err == nil || !strings.Contains(err.Error(), "w") {
		t.Errorf("got %v, want the scope's own error", err)
	}
}
