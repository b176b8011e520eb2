package eval

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"alexnet/checkpoint"
	"alexnet/input"
	"alexnet/tfgraph"
)

func TestFind(t *testing.T) {
	run := trained(t)
	folder := filepath.Join(run, "checkpoints")
	first, second := filepath.Join(folder, "model_epoch1.ckpt"), filepath.Join(folder, "model_epoch2.ckpt")
	empty := t.TempDir()
	file := filepath.Join(empty, "file")
	must(t, os.WriteFile(file, nil, 0o644))
	cases := map[string]struct {
		path, want string
		err        error
	}{
		"run directory: the best":         {path: run, want: first},
		"folder of checkpoints: the best": {path: folder, want: first},
		"prefix":                          {path: second, want: second},
		"description":                     {path: second + ".json", want: second},
		"index":                           {path: second + ".index", want: second},
		"data":                            {path: second + ".data-00000-of-00001", want: second},
		"nothing there":                   {path: filepath.Join(run, "none"), err: os.ErrNotExist},
		"a prefix of nothing":             {path: filepath.Join(folder, "model_epoch3.ckpt"), err: os.ErrNotExist},
		"a folder without any":            {path: empty, err: checkpoint.ErrNone},
		"another file":                    {path: file, err: checkpoint.ErrNone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Find(c.path)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v, want %q, %v", got, err, c.want, c.err)
			}
			if err != nil && !strings.Contains(err.Error(), c.path) {
				t.Errorf("got %q, want it to name %q", err, c.path)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	copied := func(t *testing.T, change func(name string, b []byte) []byte) string {
		dir := t.TempDir()
		paths, err := filepath.Glob(filepath.Join(trained(t), "checkpoints", "model_epoch1.ckpt.*"))
		must(t, err)
		for _, p := range paths {
			b, err := os.ReadFile(p)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, filepath.Base(p)), change(filepath.Base(p), b), 0o644))
		}
		return filepath.Join(dir, "model_epoch1.ckpt")
	}
	spoil := func(suffix string, change func([]byte) []byte) func(string, []byte) []byte {
		return func(name string, b []byte) []byte {
			if strings.HasSuffix(name, suffix) {
				return change(b)
			}
			return b
		}
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	wider := func(b []byte) []byte { // as an earlier version wrote it, without checksums
		text := strings.NewReplacer(`"checksum"`, `"sum"`, `"bundle"`, `"files"`).Replace(string(b))
		return []byte(strings.Replace(text, "16\n", "18\n", 1))
	}
	cases := map[string]struct {
		change  func(string, []byte) []byte
		damaged bool
	}{
		"flipped data":                   {spoil("00001", flip), true},
		"half a description":             {spoil(".json", func(b []byte) []byte { return b[:len(b)/2] }), true},
		"a description of wider layers":  {spoil(".json", wider), false},
		"a flipped description":          {spoil(".json", flip), true},
		"an index of another file":       {spoil(".index", func([]byte) []byte { return []byte("not an index") }), true},
		"a data file that ends too soon": {spoil("00001", func(b []byte) []byte { return b[:len(b)-1] }), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			prefix := copied(t, c.change)
			model, err := Open(context.Background(), prefix, tfgraph.Options{})
			if err == nil {
				model.Close()
				t.Fatal("got no error")
			}
			if errors.Is(err, checkpoint.ErrDamaged) != c.damaged || !strings.Contains(err.Error(), prefix) {
				t.Errorf("got %v, want damaged %v and the name %q", err, c.damaged, prefix)
			}
		})
	}
}

// Evaluate and Predict see the same pictures and find the same, whatever the
// size of the batch.
func TestEvaluateAgreesWithPredict(t *testing.T) {
	c := opened(t)
	examples := photographs(t, 7)
	want, err := c.Evaluate(context.Background(), examples, 7)
	must(t, err)
	for _, batch := range []int{1, 3, 64} {
		r, err := c.Evaluate(context.Background(), examples, batch)
		must(t, err)
		if math.Abs(r.Loss-want.Loss) > 1e-5 || r.Accuracy != want.Accuracy || r.Count != 7 {
			t.Errorf("batches of %d: got %+v, want %+v", batch, r, want)
		}
		right, loss := 0, 0.0
		for _, p := range predictAll(t, c, examples, batch, 2) {
			i := indexOf(examples, p.Path)
			if p.Class == classes[examples[i].Label] {
				right++
			}
			for _, r := range p.Top {
				if r.Class == classes[examples[i].Label] {
					loss -= math.Log(r.Probability) / 7
				}
			}
		}
		if float64(right)/7 != want.Accuracy || math.Abs(loss-want.Loss) > 1e-5 {
			t.Errorf("predictions by %d: got %d right, loss %v, want accuracy %v, loss %v", batch, right, loss, want.Accuracy, want.Loss)
		}
	}
}

func indexOf(examples []input.Example, path string) int {
	for i, ex := range examples {
		if ex.Path == path {
			return i
		}
	}
	return -1
}

func TestClassifierFromManyGoroutines(t *testing.T) {
	c := opened(t)
	examples := photographs(t, 5)
	want := predictAll(t, c, examples, 5, 2)
	var running sync.WaitGroup
	for range 6 {
		running.Go(func() {
			i := 0
			err := c.Predict(context.Background(), examples, 2, 2, func(p Prediction) error {
				if p.Path != want[i].Path || math.Abs(p.Probability-want[i].Probability) > 1e-6 {
					t.Errorf("got %+v, want %+v", p, want[i])
				}
				i++
				return nil
			})
			if err != nil || i != 5 {
				t.Errorf("got %d predictions, %v, want 5", i, err)
			}
		})
		running.Go(func() {
			if r, err := c.Evaluate(context.Background(), examples, 2); err != nil || r.Count != 5 {
				t.Errorf("got %d pictures, %v, want 5", r.Count, err)
			}
		})
	}
	running.Wait()
}

func TestClassifierClose(t *testing.T) {
	c, err := Open(context.Background(), trained(t), tfgraph.Options{})
	must(t, err)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := c.Evaluate(context.Background(), photographs(t, 2), 2); !errors.Is(err, tfgraph.ErrClosed) {
		t.Errorf("evaluate: got %v, want %v", err, tfgraph.ErrClosed)
	}
	if err := new(Classifier).Close(); err != nil {
		t.Errorf("close of nothing: %v", err)
	}
}
