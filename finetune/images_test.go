package finetune_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/content"
	"alexnet/internal/hostile"
	"alexnet/internal/rundir"
	"alexnet/internal/testmodel"
	"alexnet/train"
)

// An image that cannot be decoded fails the run before it starts, or is excluded and listed.
func TestBadImages(t *testing.T) {
	data := photos(t, 8)
	torn := filepath.Join(data, "dark", "torn.png")
	intact, err := os.ReadFile(filepath.Join(data, "dark", "0.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(torn, intact[:len(intact)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	before := digest(t, data)
	c := tiny(data)
	dir := filepath.Join(t.TempDir(), "run")
	var in *input.Error
	if err := finetune.Run(t.Context(), dir, c, finetune.Watch{}); !errors.As(err, &in) || in.Hint == "" || !strings.Contains(err.Error(), "torn.png") {
		t.Fatalf("got %v, want an error that names torn.png, with a hint", err)
	}
	c.BadImages = input.Skip
	run(t, dir, c)
	if got, err := finetune.ReadConfig(dir); err != nil || got.TrainCount == 0 || got.TrainCount >= 16 {
		t.Errorf("got %d images used, %v, want fewer than all", got.TrainCount, err)
	}
	out, err := rundir.Dir(dir).ReadExcluded()
	if err != nil || len(out) != 1 || out[0].Path != torn || !strings.HasPrefix(out[0].Reason, "is damaged: ") {
		t.Errorf("got %v, %v excluded, want %s, damaged", out, err, torn)
	}
	if after := digest(t, data); after != before {
		t.Errorf("dataset changed: got\n%s\nwant\n%s", after, before)
	}
}

// An image that decodes with a warning is used, and listed.
func TestDecoderWarnings(t *testing.T) {
	data := photos(t, 8)
	half := filepath.Join(data, "dark", "half.jpg")
	if err := os.WriteFile(half, testmodel.Half(1), 0o666); err != nil {
		t.Fatal(err)
	}
	c := tiny(data)
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, c)
	c.Epochs++
	if err := finetune.Resume(t.Context(), dir, c, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	got, err := rundir.Dir(dir).ReadWarnings()
	if err != nil || len(got) != 1 || !strings.Contains(got[half], "Corrupt JPEG data") {
		t.Errorf("got warnings %q, %v, want one about %s", got, err, half)
	}
}

// corrupt overwrites the second half of the images with zeros.
func corrupt(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		encoded, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		clear(encoded[len(encoded)/2:])
		if err := os.WriteFile(path, encoded, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// A run that cannot be resumed, since an image is now damaged, keeps its list of excluded images.
func TestFailedResumeChangesNothing(t *testing.T) {
	c := tiny(photos(t, 8))
	c.BadImages, c.Val = input.Skip, ""
	torn := filepath.Join(c.Data, "dark", "0.png")
	corrupt(t, torn)
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, c)
	corrupt(t, filepath.Join(c.Data, "dark", "2.png"))
	own, err := finetune.ReadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	own.Epochs++
	if err := finetune.Resume(t.Context(), dir, own, finetune.Watch{}); err == nil || !strings.HasSuffix(err.Error(), "differs from the run's:\n  train \"dark/2.png\": changed") {
		t.Errorf("got %v, want an error that names dark/2.png", err)
	}
	if out, err := rundir.Dir(dir).ReadExcluded(); err != nil || len(out) != 1 || out[0].Path != torn {
		t.Errorf("got %v, %v excluded, want only %s", out, err, torn)
	}
}

// A resumed run excludes the same images as before, even if they can be decoded now, and ends with the same
// values as an uninterrupted run.
func TestResumeExcludesTheSame(t *testing.T) {
	c := tiny(photos(t, 8))
	c.BadImages = input.Skip
	data, err := c.OpenData()
	if err != nil {
		t.Fatal(err)
	}
	torn := []string{data.Train[1].Path, data.Val[2].Path}
	intact := map[string][]byte{}
	for _, path := range torn {
		if intact[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	corrupt(t, torn...)
	once, resumed := filepath.Join(t.TempDir(), "once"), filepath.Join(t.TempDir(), "resumed")
	run(t, once, c)
	c.Epochs = 1
	run(t, resumed, c)
	for path, encoded := range intact {
		if err := os.WriteFile(path, encoded, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	own, err := finetune.ReadConfig(resumed)
	if err != nil {
		t.Fatal(err)
	}
	if want := (&finetune.ExcludedNames{Train: []string{data.Train[1].Name}, Val: []string{data.Val[2].Name}}); !reflect.DeepEqual(own.Excluded, want) {
		t.Errorf("got %v excluded, want %v", own.Excluded, want)
	}
	own.Epochs = 2
	partial := []string{filepath.Join(resumed, ".excluded.csv.1"), filepath.Join(resumed, ".dataset.txt.1"), filepath.Join(resumed, ".config.json.1")}
	for _, path := range partial { // left by a killed process
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := finetune.Resume(t.Context(), resumed, own, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range partial {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v, want it removed", path, err)
		}
	}
	if out, err := rundir.Dir(resumed).ReadExcluded(); err != nil || len(out) != 2 {
		t.Errorf("got %v, %v excluded, want %s", out, err, torn)
	}
	got, want := newest(t, resumed), newest(t, once)
	if *got.Metrics != *want.Metrics || got.Step != want.Step {
		t.Errorf("got %+v at step %d, want %+v at %d", *got.Metrics, got.Step, *want.Metrics, want.Step)
	}
	// The same holds for validation images.
	corrupt(t, data.Val[0].Path)
	own.Epochs = 3
	if err := finetune.Resume(t.Context(), resumed, own, finetune.Watch{}); err == nil || !strings.Contains(err.Error(), data.Val[0].Name) {
		t.Errorf("got %v, want an error that names %s", err, data.Val[0].Name)
	}
}

// Resuming on another dataset lists the differences.
func TestDatasetDiff(t *testing.T) {
	c := tiny(photos(t, 8))
	c.Val, c.Epochs, c.BadImages = "", 1, input.Skip
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, c)
	in := func(name string) string { return filepath.Join(c.Data, "dark", name) }
	text := []byte("not an image")
	if err := errors.Join(os.Remove(in("0.png")), os.WriteFile(in("2.png"), text, 0o666), os.Rename(in("4.png"), in("5.png"))); err != nil {
		t.Fatal(err)
	}
	c.Epochs = 2
	err := finetune.Resume(t.Context(), dir, c, finetune.Watch{})
	const want = `differs from the run's:
  train "dark/0.png": missing
  train "dark/2.png": is not a supported image: got text
  train "dark/4.png": missing
  train "dark/5.png": new`
	var advice interface{ Hint() string }
	if err == nil || !strings.HasSuffix(err.Error(), want) || !errors.As(err, &advice) || !strings.Contains(advice.Hint(), "alexnet export "+dir) {
		t.Errorf("got %v, want the four differences and a hint", err)
	}
}

// An image edited without changing its size is refused by name on resume. Each image is
// hashed once, by the run that first sees it.
func TestEditedImage(t *testing.T) {
	data := photos(t, 8)
	path := filepath.Join(data, "dark", "2.png")
	all, err := filepath.Glob(filepath.Join(data, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	for _, path := range all { // a file modified just now is not remembered
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	var lock sync.Mutex
	hashed := map[string]int{}
	content.OnHash = func(path string) {
		lock.Lock()
		defer lock.Unlock()
		hashed[path]++
	}
	defer func() { content.OnHash = nil }()
	c := tiny(data)
	c.Val, c.Epochs, c.UserCacheDir = "", 1, t.TempDir()
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, c)
	for _, path := range all {
		if hashed[path] != 1 {
			t.Errorf("%s: got it hashed %d times, want once", path, hashed[path])
		}
	}
	clear(hashed)
	c.Epochs = 2
	if err := finetune.Resume(t.Context(), dir, c, finetune.Watch{}); err != nil || len(hashed) != 0 {
		t.Errorf("resume: got %v and %d images hashed, want none", err, len(hashed))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := errors.Join(os.WriteFile(path, text, 0o666), os.Chtimes(path, old, old)); err != nil {
		t.Fatal(err)
	}
	c.Epochs = 3
	err = finetune.Resume(t.Context(), dir, c, finetune.Watch{})
	if err == nil || !strings.HasSuffix(err.Error(), "differs from the run's:\n  train \"dark/2.png\": changed") {
		t.Errorf("got %v, want the edited image named", err)
	}
	if len(hashed) != 1 || hashed[path] != 1 {
		t.Errorf("got %v hashed, want %s alone", hashed, path)
	}
}

// A class without usable images fails the run, even if images may be excluded.
func TestEmptyClass(t *testing.T) {
	data := photos(t, 8)
	dark, err := filepath.Glob(filepath.Join(data, "dark", "*"))
	if err != nil {
		t.Fatal(err)
	}
	corrupt(t, dark...)
	c := tiny(data)
	c.BadImages = input.Skip
	dir := filepath.Join(t.TempDir(), "run")
	err = finetune.Run(t.Context(), dir, c, finetune.Watch{})
	if err == nil || !strings.Contains(err.Error(), `these classes have no usable image left: "dark"`) {
		t.Errorf("got %v, want an error about the class", err)
	}
	if out, err := rundir.Dir(dir).ReadExcluded(); err != nil || len(out) != 8 {
		t.Errorf("got %d listed, %v, want 8", len(out), err)
	}
}

// If no validation image can be decoded, the run logs that it measures no accuracy.
func TestNoUsableValidationImages(t *testing.T) {
	c := tiny(photos(t, 8))
	c.BadImages = input.Skip
	data, err := c.OpenData()
	if err != nil {
		t.Fatal(err)
	}
	for _, ex := range data.Val {
		corrupt(t, ex.Path)
	}
	var log bytes.Buffer
	w := finetune.Watch{Log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := finetune.Run(t.Context(), filepath.Join(t.TempDir(), "run"), c, w); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "accuracy is not measured") {
		t.Errorf("log: got %s, want a warning that accuracy is not measured", log.String())
	}
}

// Runs share verdicts on images; each writes its own list of excluded images.
func TestVerdictsAreShared(t *testing.T) {
	data, verdicts := photos(t, 8), t.TempDir()
	torn := filepath.Join(data, "dark", "torn.png")
	intact, err := os.ReadFile(filepath.Join(data, "dark", "0.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(torn, intact[:len(intact)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	// Verdicts on recently written files are not cached.
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(torn, old, old); err != nil {
		t.Fatal(err)
	}
	c := tiny(data)
	c.UserCacheDir, c.BadImages, c.Epochs = verdicts, input.Skip, 1
	for range 2 {
		dir := filepath.Join(t.TempDir(), "run")
		run(t, dir, c)
		if out, err := rundir.Dir(dir).ReadExcluded(); err != nil || len(out) != 1 {
			t.Errorf("got %v, %v excluded, want torn.png", out, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "verdicts.csv")); err == nil {
			t.Error("got verdicts also in the run directory")
		}
	}
	if text, err := os.ReadFile(filepath.Join(verdicts, "verdicts.csv")); err != nil || !strings.Contains(string(text), "is damaged") {
		t.Errorf("got verdicts %q, %v, want torn.png damaged", text, err)
	}
}

// An image that is removed during the run fails it with a hint, and following the hint works.
func TestImageIsRemoved(t *testing.T) {
	for epoch, hint := range []string{"start again", "--resume"} {
		data := photos(t, 8)
		c := tiny(data)
		c.Val, c.Batch = "", 16 // one step per epoch
		dir, gone, kept := filepath.Join(t.TempDir(), "run"), filepath.Join(data, "dark", "0.png"), filepath.Join(t.TempDir(), "kept.png")
		w := finetune.Watch{OnEpoch: func(e train.EpochResult) {
			if e.Epoch == epoch {
				if err := os.Rename(gone, kept); err != nil {
					t.Error(err)
				}
			}
		}}
		err := finetune.Run(t.Context(), dir, c, w)
		var advice interface{ Hint() string }
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), gone) || !errors.As(err, &advice) || !strings.Contains(advice.Hint(), hint) {
			t.Fatalf("got %v, want an error that names %s and a hint %q", err, gone, hint)
		}
		if err := os.Rename(kept, gone); err != nil {
			t.Fatal(err)
		}
		if epoch == 0 {
			run(t, dir, c)
		} else if own, err := finetune.ReadConfig(dir); err != nil || finetune.Resume(t.Context(), dir, own, finetune.Watch{}) != nil {
			t.Fatalf("resume failed, %v", err)
		}
		if got := newest(t, dir).Epoch; got != c.Epochs {
			t.Errorf("got %d epochs, want %d", got, c.Epochs)
		}
	}
}

func digest(t *testing.T, dir string) string {
	t.Helper()
	d, err := hostile.Digest(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
