package bundle

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"alexnet/internal/testenv"

	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
)

// reference is TensorFlow's description of a variable.
type reference struct {
	Type  types_go_proto.DataType
	Shape []int64
	Hex   *string // none for strings
}

// Bundles of TensorFlow 1's Saver, whole, sharded and partitioned, of SaveV2 and of
// tf.train.Checkpoint hold what TensorFlow reads from them, bit for bit.
func TestAgreesWithTensorFlow(t *testing.T) {
	if testing.Short() {
		t.Skip("importing TensorFlow takes seconds")
	}
	folder := t.TempDir()
	var bundles map[string]map[string]reference
	if err := json.Unmarshal(testenv.RunPython(t, "internal/bundle/testdata/write.py", folder), &bundles); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"small", "odd_values", "sharded", "partitioned", "unaligned", "many", "objects"} {
		t.Run(name, func(t *testing.T) {
			r, err := Open(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			variables := r.Variables()
			if len(variables) == 0 || len(variables) != len(bundles[name]) {
				t.Errorf("got %d variables, want %d, and some", len(variables), len(bundles[name]))
			}
			for _, v := range variables {
				compare(t, r, v, bundles[name][v.Name])
			}
		})
	}
}

func compare(t *testing.T, r *Reader, v Variable, want reference) {
	t.Helper()
	if v.DType != want.Type || !slices.Equal(v.Shape, want.Shape) {
		t.Errorf("%q: got %v%v, want %v%v", v.Name, v.DType, v.Shape, want.Type, want.Shape)
	}
	if want.Hex == nil {
		return
	}
	data, err := hex.DecodeString(*want.Hex)
	if err != nil {
		t.Fatal(err)
	}
	if v.Bytes != int64(len(data)) {
		t.Errorf("%q: got %d bytes, want %d", v.Name, v.Bytes, len(data))
	}
	err = r.Verify(v.Name)
	switch {
	case v.Name == "cut":
		if v.Slices != 3 || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%q: got %d slices, %v; want 3, %v", v.Name, v.Slices, err, errors.ErrUnsupported)
		}
	case err != nil || v.Slices != 0:
		t.Errorf("%q: got %d slices, %v", v.Name, v.Slices, err)
	case v.DType == float:
		checkBits(t, r, v.Name, data)
	}
}
