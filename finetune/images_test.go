package finetune_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/hostile"
	"alexnet/train"
)

// A bad picture ends a run before it begins, or is left out, counted and listed.
func TestBadPictures(t *testing.T) {
	data := photos(t, 8)
	torn := filepath.Join(data, "dark", "torn.png")
	whole, err := os.ReadFile(filepath.Join(data, "dark", "0.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(torn, whole[:len(whole)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	before := digest(t, data)
	c := tiny(data)
	dir := filepath.Join(t.TempDir(), "run")
	var in *input.Error
	if err := finetune.Run(t.Context(), dir, c, finetune.Watch{}); !errors.As(err, &in) || in.Hint == "" || !strings.Contains(err.Error(), "torn.png") {
		t.Fatalf("got %v, want an error that names torn.png and says what to do", err)
	}
	c.BadImages = input.Skip
	run(t, dir, c)
	if got, err := finetune.ReadConfig(dir); err != nil || got.TrainCount == 0 || got.TrainCount >= 16 {
		t.Errorf("got %d pictures used, %v, want fewer than all", got.TrainCount, err)
	}
	out, err := finetune.ReadExcluded(dir)
	if err != nil || len(out) != 1 || out[0].Path != torn || !strings.HasPrefix(out[0].Reason, "is damaged: ") {
		t.Errorf("got %v, %v left out, want %s and that it is damaged", out, err, torn)
	}
	if after := digest(t, data); after != before {
		t.Errorf("got the pictures changed:\n%s\nwant them as they were:\n%s", after, before)
	}
}

// tear cuts the pictures at paths, whose sizes stay.
func tear(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		picture, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		clear(picture[len(picture)/2:])
		if err := os.WriteFile(path, picture, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// A run that is not resumed, since pictures have been torn, keeps its list of
// what it leaves out.
func TestRefusedResumeChangesNothing(t *testing.T) {
	c := tiny(photos(t, 8))
	c.BadImages, c.Val = input.Skip, ""
	torn := filepath.Join(c.Data, "dark", "0.png")
	tear(t, torn)
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, c)
	tear(t, filepath.Join(c.Data, "dark", "2.png"))
	own, err := finetune.ReadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	own.Epochs++
	if err := finetune.Resume(t.Context(), dir, own, finetune.Watch{}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("cannot be decoded any more\n  %q", filepath.Join(c.Data, "dark", "2.png"))) {
		t.Errorf("got %v, want an error that names dark/2.png", err)
	}
	if out, err := finetune.ReadExcluded(dir); err != nil || len(out) != 1 || out[0].Path != torn {
		t.Errorf("got %v, %v left out, want %s alone", out, err, torn)
	}
}

// A run that goes on leaves out what it did when it began, though by now that can be
// decoded, and ends with the same values as one in one go.
func TestResumeLeavesOutTheSame(t *testing.T) {
	c := tiny(photos(t, 8))
	c.BadImages = input.Skip
	data, err := c.OpenData()
	if err != nil {
		t.Fatal(err)
	}
	torn := []string{data.Train[1].Path, data.Val[2].Path}
	whole := map[string][]byte{}
	for _, path := range torn {
		if whole[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	tear(t, torn...)
	once, parts := filepath.Join(t.TempDir(), "once"), filepath.Join(t.TempDir(), "parts")
	run(t, once, c)
	c.Epochs = 1
	run(t, parts, c)
	for path, picture := range whole {
		if err := os.WriteFile(path, picture, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	own, err := finetune.ReadConfig(parts)
	if err != nil {
		t.Fatal(err)
	}
	if want := (&finetune.ExcludedNames{Train: []string{data.Train[1].Name}, Val: []string{data.Val[2].Name}}); !reflect.DeepEqual(own.Excluded, want) {
		t.Errorf("got %v left out, want %v", own.Excluded, want)
	}
	own.Epochs = 2
	half := []string{filepath.Join(parts, ".left-out.csv.1"), filepath.Join(parts, ".pictures.txt.1"), filepath.Join(parts, ".config.json.1")}
	for _, path := range half { // a process died over them
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := finetune.Resume(t.Context(), parts, own, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range half {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v, want it swept away", path, err)
		}
	}
	if out, err := finetune.ReadExcluded(parts); err != nil || len(out) != 2 {
		t.Errorf("got %v, %v left out, want %s", out, err, torn)
	}
	got, want := newest(t, parts), newest(t, once)
	if *got.Metrics != *want.Metrics || got.Step != want.Step {
		t.Errorf("got %+v at step %d, want %+v at %d", *got.Metrics, got.Step, *want.Metrics, want.Step)
	}
	// A validation picture counts as much as one to train on.
	tear(t, data.Val[0].Path)
	own.Epochs = 3
	if err := finetune.Resume(t.Context(), parts, own, finetune.Watch{}); err == nil || !strings.Contains(err.Error(), data.Val[0].Path) {
		t.Errorf("got %v, want an error that names %s", err, data.Val[0].Path)
	}
}

// Where the pictures are others, the run says which.
func TestDifferences(t *testing.T) {
	c := tiny(photos(t, 8))
	c.Val, c.Epochs, c.BadImages = "", 1, input.Skip
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, c)
	in := func(name string) string { return filepath.Join(c.Data, "dark", name) }
	text := []byte("no picture")
	if err := errors.Join(os.Remove(in("0.png")), os.WriteFile(in("2.png"), text, 0o666), os.Rename(in("4.png"), in("5.png"))); err != nil {
		t.Fatal(err)
	}
	c.Epochs = 2
	err := finetune.Resume(t.Context(), dir, c, finetune.Watch{})
	const want = `began with:
  train "dark/0.png": is missing
  train "dark/2.png": is not a picture that can be read: got text
  train "dark/4.png": is missing
  train "dark/5.png": is new`
	var advice interface{ Hint() string }
	if err == nil || !strings.HasSuffix(err.Error(), want) || !errors.As(err, &advice) || !strings.Contains(advice.Hint(), "alexnet export "+dir) {
		t.Errorf("got %v, want the four and how to begin anew", err)
	}
}

// Where no validation picture can be decoded, the run says that it measures
// A class of which no picture is left ends a run, though bad pictures are left out.
func TestClassIsEmptied(t *testing.T) {
	data := photos(t, 8)
	dark, err := filepath.Glob(filepath.Join(data, "dark", "*"))
	if err != nil {
		t.Fatal(err)
	}
	tear(t, dark...)
	c := tiny(data)
	c.BadImages = input.Skip
	dir := filepath.Join(t.TempDir(), "run")
	err = finetune.Run(t.Context(), dir, c, finetune.Watch{})
	if err == nil || !strings.Contains(err.Error(), `class "dark" has no picture left`) {
		t.Errorf("got %v, want an error about the class", err)
	}
	if out, err := finetune.ReadExcluded(dir); err != nil || len(out) != 8 {
		t.Errorf("got %d listed, %v, want 8", len(out), err)
	}
}

// nothing.
func TestNoValidationPictureIsLeft(t *testing.T) {
	c := tiny(photos(t, 8))
	c.BadImages = input.Skip
	data, err := c.OpenData()
	if err != nil {
		t.Fatal(err)
	}
	for _, ex := range data.Val {
		tear(t, ex.Path)
	}
	var log bytes.Buffer
	w := finetune.Watch{Log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := finetune.Run(t.Context(), filepath.Join(t.TempDir(), "run"), c, w); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "the accuracy is not measured") {
		t.Errorf("log: got %s, want a word that the accuracy is not measured", log.String())
	}
}

// What a run found about pictures, the next one knows; its list of what is left
// out is made anew.
func TestVerdictsAreShared(t *testing.T) {
	data, verdicts := photos(t, 8), t.TempDir()
	torn := filepath.Join(data, "dark", "torn.png")
	whole, err := os.ReadFile(filepath.Join(data, "dark", "0.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(torn, whole[:len(whole)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	// What has only just been written may change again unseen.
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(torn, old, old); err != nil {
		t.Fatal(err)
	}
	c := tiny(data)
	c.VerdictDir, c.BadImages, c.Epochs = verdicts, input.Skip, 1
	for range 2 {
		dir := filepath.Join(t.TempDir(), "run")
		run(t, dir, c)
		if out, err := finetune.ReadExcluded(dir); err != nil || len(out) != 1 {
			t.Errorf("got %v, %v left out, want torn.png", out, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "verdicts.csv")); err == nil {
			t.Error("got verdicts in the run directory too")
		}
	}
	if text, err := os.ReadFile(filepath.Join(verdicts, "verdicts.csv")); err != nil || !strings.Contains(string(text), "is damaged") {
		t.Errorf("got verdicts %q, %v, want one that torn.png is damaged", text, err)
	}
}

// A picture that goes while the run does ends it with what to do, which helps.
func TestPictureVanishes(t *testing.T) {
	for epoch, says := range []string{"begin anew", "--resume"} {
		data := photos(t, 8)
		c := tiny(data)
		c.Val, c.Batch = "", 16 // one update an epoch
		dir, gone, kept := filepath.Join(t.TempDir(), "run"), filepath.Join(data, "dark", "0.png"), filepath.Join(t.TempDir(), "kept.png")
		w := finetune.Watch{Progress: train.Progress{OnEpoch: func(e train.EpochResult) {
			if e.Epoch == epoch {
				if err := os.Rename(gone, kept); err != nil {
					t.Error(err)
				}
			}
		}}}
		err := finetune.Run(t.Context(), dir, c, w)
		var advice interface{ Hint() string }
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), gone) || !errors.As(err, &advice) || !strings.Contains(advice.Hint(), says) {
			t.Fatalf("got %v, want an error that names %s and a hint %q", err, gone, says)
		}
		if err := os.Rename(kept, gone); err != nil {
			t.Fatal(err)
		}
		if epoch == 0 {
			run(t, dir, c)
		} else if own, err := finetune.ReadConfig(dir); err != nil || finetune.Resume(t.Context(), dir, own, finetune.Watch{}) != nil {
			t.Fatalf("got the run not resumed, %v", err)
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
