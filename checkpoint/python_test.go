package checkpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"

	"alexnet/internal/testenv"
)

// found is what testdata/saver.py prints; variables are the bits of their
// values by name.
type found struct {
	Latest   string
	All      []string
	Shapes   map[string][]int64
	Loaded   map[string][]uint32
	Restored map[string][]uint32
}

// TensorFlow's own readers and TF1's Saver find the same bits in what is saved
// here, and the Saver's bundles are restored here.
func TestPythonReadsAndWritesTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("importing TensorFlow takes seconds")
	}
	ours, theirs := Dir(t.TempDir()), Dir(t.TempDir())
	first, second := filled(t, 1), filled(t, 2)
	first.save(t, ours, at(1, 0, 1), 0)
	second.save(t, ours, at(2, 0, 2), 0)
	earlier := ours.Prefix(at(1, 0, 1))
	written := filepath.Join(string(theirs), "model.ckpt-7")
	var got found
	must(t, json.Unmarshal(testenv.RunPython(t, "checkpoint/testdata/saver.py", string(ours), earlier, written), &got))

	want := found{
		Latest:   ours.Prefix(at(2, 0, 2)),
		All:      []string{earlier, ours.Prefix(at(2, 0, 2))},
		Shapes:   map[string][]int64{},
		Loaded:   second.contents(t),
		Restored: first.contents(t),
	}
	for _, v := range standard {
		want.Shapes[v.name] = v.shape
	}
	for i, field := range []string{"latest", "all", "shapes", "loaded", "restored"} {
		g, w := reflect.ValueOf(got).Field(i).Interface(), reflect.ValueOf(want).Field(i).Interface()
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%s: got %v, want %v", field, fmt.Sprintf("%x", g), fmt.Sprintf("%x", w))
		}
	}

	s := filled(t, 3)
	must(t, s.saver.Restore(context.Background(), s.session, written))
	if got := s.contents(t); !reflect.DeepEqual(got, first.contents(t)) {
		t.Errorf("from the Saver: got %x, want %x", got, first.contents(t))
	}
}
