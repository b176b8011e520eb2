package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/checkpoint"
)

// inspect prints any run directory, or fails with an error, whatever config.json, metrics.csv and TensorFlow's
// checkpoint file contain.
func FuzzInspectRun(f *testing.F) {
	f.Add([]byte(`{"data":"photos","train_layers":["fc8"],"epochs":3}`), []byte("epoch,step\n1,2\n"), []byte("model_checkpoint_path: \"model.ckpt-10\"\n"))
	f.Add([]byte(`{"save_every":"x"}`), []byte("\""), []byte("model_checkpoint_path:\x00/../../etc\n"))
	f.Add([]byte("null"), []byte{}, []byte("model_checkpoint_path:"))
	f.Add([]byte("{"), []byte("\xff"), []byte{})
	dir := f.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "checkpoints"), 0o777); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, config, metrics, state []byte) {
		for name, text := range map[string][]byte{"config.json": config, "metrics.csv": metrics, "checkpoints/checkpoint": state} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if name := checkpoint.Dir(filepath.Join(dir, "checkpoints")).Latest(); strings.Contains(name, "/") && name != "/" {
			t.Errorf("got %q, want a name without a folder", name)
		}
		found, err := inspect(dir)
		if err != nil {
			if json.Valid(config) || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got %v", err)
			}
			return
		}
		var text bytes.Buffer
		if err := found.print(&text); err != nil || text.Len() == 0 {
			t.Errorf("print: got %q and %v", text.String(), err)
		}
		if _, err := json.Marshal(found); err != nil {
			t.Error(err)
		}
	})
}
