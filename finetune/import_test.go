package finetune_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/finetune"
	"alexnet/internal/testmodel"
)

// An import that is interrupted leaves nothing, and the next one writes the model.
func TestImportInterrupted(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	if err := testmodel.Write(source, "cat", "dog"); err != nil {
		t.Fatal(err)
	}
	c := tiny("")
	c.Weights = source
	parent := t.TempDir()
	dir := filepath.Join(parent, "model")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := finetune.Import(ctx, dir, c, []string{"cat", "dog"}, finetune.Watch{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want nothing", left, err)
	}
	if err := finetune.Import(t.Context(), dir, c, []string{"cat", "dog"}, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	if m := newest(t, dir); m.Epoch != 0 || m.Step != 0 || m.Saved.IsZero() {
		t.Errorf("got epoch %d, step %d, saved %v, want 0, 0 and a time", m.Epoch, m.Step, m.Saved)
	}
	if _, err := finetune.ReadConfig(dir); err != nil {
		t.Error(err)
	}
}

// A non-finite weight is refused with its layer.
func TestImportRefusesNonFinite(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	if err := testmodel.WriteNonFinite(source, "fc7/biases", "cat", "dog"); err != nil {
		t.Fatal(err)
	}
	c := tiny("")
	c.Weights = source
	err := finetune.Import(t.Context(), filepath.Join(t.TempDir(), "model"), c, []string{"cat", "dog"}, finetune.Watch{})
	if err == nil || !strings.Contains(err.Error(), "layer fc7") || !strings.Contains(err.Error(), "non-finite") {
		t.Errorf("got %v, want an error with the layer", err)
	}
}
