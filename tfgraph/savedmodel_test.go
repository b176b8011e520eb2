package tfgraph

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/function_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/op_def_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/proto"
)

// added is a graph of one addition.
func added(t *testing.T) (def []byte, x, y, sum tf.Output) {
	t.Helper()
	root := op.NewScope()
	x = Placeholder(root, "x", tf.Float, tf.ScalarShape())
	y = Placeholder(root, "y", tf.Float, tf.ScalarShape())
	sum = op.Add(root, x, y)
	def, err := GraphDef(root)
	if err != nil {
		t.Fatal(err)
	}
	return def, x, y, sum
}

func TestFunction(t *testing.T) {
	def, x, y, sum := added(t)
	text, err := Function(def, "plus", []tf.Output{y, x}, []tf.Output{sum})
	if err != nil {
		t.Fatal(err)
	}
	var f function_go_proto.FunctionDef
	if err := proto.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	var inputs []string
	for _, arg := range f.Signature.InputArg {
		inputs = append(inputs, arg.Name)
	}
	if got := strings.Join(inputs, ", "); f.Signature.Name != "plus" || got != "y, x" || len(f.Signature.OutputArg) != 1 || len(f.NodeDef) != 1 || f.NodeDef[0].Op != "Add" {
		t.Errorf("got %s of (%s), %d outputs and nodes %v, want plus of (y, x) with one sum", f.Signature.Name, got, len(f.Signature.OutputArg), f.NodeDef)
	}
	// The bytes may differ: TensorFlow writes the entries of a map in any order.
	text, err = Function(def, "plus", []tf.Output{y, x}, []tf.Output{sum})
	var again function_go_proto.FunctionDef
	if err := errors.Join(err, proto.Unmarshal(text, &again)); err != nil || !proto.Equal(&f, &again) {
		t.Errorf("again: got another function, %v", err)
	}
}

func TestFunctionRejects(t *testing.T) {
	def, x, _, sum := added(t)
	for name, c := range map[string]struct {
		def             []byte
		inputs, outputs []tf.Output
	}{
		"no graph":          {[]byte("none"), []tf.Output{x}, []tf.Output{sum}},
		"no operation":      {def, []tf.Output{{}}, []tf.Output{sum}},
		"an input twice":    {def, []tf.Output{x, x}, []tf.Output{sum}},
		"another graph's":   {nil, []tf.Output{x}, []tf.Output{sum}},
		"no such operation": {def, []tf.Output{x}, []tf.Output{{Op: nil, Index: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Function(c.def, "f", c.inputs, c.outputs); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestRunNamed(t *testing.T) {
	def, _, _, _ := added(t)
	session, err := Open(def, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	feeds := map[string]*Tensor{}
	for name, value := range map[string]float32{"x:0": 2, "y:0": 3} {
		if feeds[name], err = Scalar(value); err != nil {
			t.Fatal(err)
		}
		defer feeds[name].Close()
	}
	out, err := session.RunNamed(context.Background(), feeds, "Add:0")
	if err != nil {
		t.Fatal(err)
	}
	defer CloseAll(out)
	if got := Data[float32](out[0])[0]; got != 5 {
		t.Errorf("got %v, want 5", got)
	}
	for _, name := range []string{"", "Add", "Add:", ":0", "Add:x", "Add:-1", "Add:7", "Mul:0"} {
		if out, err := session.RunNamed(context.Background(), feeds, name); err == nil {
			t.Errorf("fetch %q: got %d tensors, want an error", name, len(out))
		}
		if _, err := session.RunNamed(context.Background(), map[string]*Tensor{name: feeds["x:0"]}, "Add:0"); err == nil {
			t.Errorf("feed %q: got no error", name)
		}
	}
}

func TestOpList(t *testing.T) {
	var list op_def_go_proto.OpList
	if err := proto.Unmarshal(OpList(), &list); err != nil || len(list.Op) < 1000 {
		t.Errorf("got %d operations, %v, want all of TensorFlow's", len(list.Op), err)
	}
}

// Loading an invalid SavedModel returns TensorFlow's error.
func TestLoadSavedModelRejects(t *testing.T) {
	empty, corrupt := t.TempDir(), filepath.Join(t.TempDir(), "set [v1]")
	if err := os.Mkdir(corrupt, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(corrupt, "saved_model.pb"), []byte("none"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{empty, corrupt, filepath.Join(empty, "none")} {
		_, _, err := LoadSavedModel(dir, Options{})
		var tfErr *Error
		if !errors.As(err, &tfErr) || !strings.Contains(err.Error(), "load SavedModel") {
			t.Errorf("%s: got %v, want TensorFlow's error", dir, err)
		}
	}
}

// TensorFlow gets another path only for a folder whose own it would take for a pattern.
func TestLiteral(t *testing.T) {
	for _, name := range []string{"plain", "a b\n%", "*", "?", "[", `\`} {
		t.Run(strconv.Quote(name), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			if err := os.Mkdir(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			path, release, err := literal(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			want, _ := os.Stat(dir)
			got, err := os.Stat(path)
			if pattern := strings.ContainsAny(name, `*?[\`); err != nil || !os.SameFile(got, want) || (path == dir) == pattern || strings.ContainsAny(path, `*?[\`) {
				t.Errorf("got %q, %v", path, err)
			}
		})
	}
}
