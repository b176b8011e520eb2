package checkpoint

import (
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"go.uber.org/goleak"

	"alexnet/ops"
	"alexnet/tfgraph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a graph of a few variables in a session of its own.
type shelf struct {
	vars    []ops.Variable
	saver   *Saver
	session *tfgraph.Session
	values  []tf.Output
	assigns []*tf.Operation
}

// layout names variables with their shapes.
type layout []struct {
	name  string
	shape []int64
}

var standard = layout{{"conv1/weights", []int64{2, 3, 1, 4}}, {"conv1/biases", []int64{4}}, {"fc8/weights", []int64{5, 2}}}

func newShelf(t testing.TB, l layout) *shelf {
	t.Helper()
	root := op.NewScope()
	s := new(shelf)
	for _, v := range l {
		s.vars = append(s.vars, ops.NewVariable(root, v.name, v.shape...))
	}
	s.saver = NewSaver(root, s.vars)
	for _, v := range s.vars {
		value, assign := ops.AssignFed(root, v)
		s.values, s.assigns = append(s.values, value), append(s.assigns, assign)
	}
	def, err := tfgraph.GraphDef(root)
	must(t, err)
	s.session, err = tfgraph.Open(def, tfgraph.Options{})
	must(t, err)
	t.Cleanup(func() {
		if err := s.session.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// filled is a standard shelf with values drawn from seed.
func filled(t testing.TB, seed int) *shelf {
	t.Helper()
	s := newShelf(t, standard)
	s.fill(t, seed)
	return s
}

// fill gives every variable bits that differ from value to value and from seed
// to seed; the first few are a zero with a sign, a subnormal number, an infinity
// and a NaN with a payload.
func (s *shelf) fill(t testing.TB, seed int) {
	t.Helper()
	for i, v := range s.vars {
		bits := make([]float32, v.Elements())
		for j := range bits {
			bits[j] = float32(j+1) / float32(7*i+seed+3)
		}
		copy(bits, []float32{math.Float32frombits(1 << 31), math.Float32frombits(uint32(seed) + 1),
			float32(math.Inf(-1)), math.Float32frombits(0x7fc00000 | uint32(seed))})
		value, err := tfgraph.Of(bits, v.Shape...)
		must(t, err)
		_, err = s.session.Run(context.Background(), tfgraph.Feeds{s.values[i]: value}, nil, s.assigns[i])
		value.Close()
		must(t, err)
	}
}

// contents are the bits of the variables, by name.
func (s *shelf) contents(t testing.TB) map[string][]uint32 {
	t.Helper()
	all := map[string][]uint32{}
	for _, v := range s.vars {
		out, err := s.session.Run(context.Background(), nil, []tf.Output{v.Value})
		must(t, err)
		for _, x := range tfgraph.Data[float32](out[0]) {
			all[v.Name] = append(all[v.Name], math.Float32bits(x))
		}
		tfgraph.CloseAll(out)
	}
	return all
}

func (s *shelf) save(t testing.TB, d Dir, m Meta, keep int) {
	t.Helper()
	must(t, d.Save(context.Background(), s.session, s.saver, m, keep))
}

// restored are the contents of a fresh shelf after restoring prefix.
func restored(t testing.TB, prefix string) map[string][]uint32 {
	t.Helper()
	s := filled(t, 99)
	must(t, s.saver.Restore(context.Background(), s.session, prefix))
	return s.contents(t)
}

// at describes a checkpoint of a position.
func at(epoch, index int, step int64) Meta {
	return Meta{
		Name: Name(epoch, index, step), Epoch: epoch, Index: index, Step: step,
		Model:  json.RawMessage(`{"network":"tiny"}`),
		Config: json.RawMessage("{}"),
	}
}

// measured is the end of an epoch, one step each, with its validation.
func measured(epoch int, accuracy, loss float64) Meta {
	m := at(epoch, 0, int64(epoch))
	m.Metrics = &Metrics{Accuracy: accuracy, Loss: loss, Count: 10}
	return m
}

func names(all []Meta) []string {
	list := []string{}
	for _, m := range all {
		list = append(list, m.Name)
	}
	return list
}

// files are the names in a folder, sorted.
func files(t testing.TB, d Dir) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(string(d), "*"))
	must(t, err)
	list := []string{}
	for _, p := range paths {
		list = append(list, filepath.Base(p))
	}
	slices.Sort(list)
	return list
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
