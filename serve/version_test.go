package serve

import (
	"os"
	"path/filepath"
	"testing"

	"alexnet/export"
)

// The version is the number of the directory that was loaded, whatever path led to it.
func TestVersionOf(t *testing.T) {
	models := t.TempDir()
	for _, name := range []string{"cats/3", "cats/20", "plain"} {
		dir := filepath.Join(models, name)
		must(t, os.MkdirAll(dir, 0o777))
		must(t, os.WriteFile(filepath.Join(dir, "saved_model.pb"), nil, 0o666))
	}
	must(t, os.Symlink("cats/3", filepath.Join(models, "current")))
	must(t, os.Symlink("plain", filepath.Join(models, "5")))
	for path, want := range map[string]int{"cats": 20, "cats/3": 3, "cats/3/": 3, "current": 3, "5": 5, "plain": 1} {
		path = filepath.Join(models, path)
		dir, _ := export.Find(path)
		if got := versionOf(path, export.Prefix(dir)); got != want {
			t.Errorf("%s: got version %d, want %d", path, got, want)
		}
	}
	run := filepath.Join(models, "7")
	if got := versionOf(run, filepath.Join(run, "checkpoints", "model_epoch1.ckpt")); got != 7 {
		t.Errorf("a run: got version %d, want 7", got)
	}
}
