package finetune_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/hostile"
	"alexnet/train"
)

func run(t *testing.T, dir string, c finetune.Config) {
	t.Helper()
	if err := finetune.Run(t.Context(), dir, c, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
}

// An interrupted run goes on from what Read gives, and ends with the same bytes
// as one that was not interrupted.
func TestResumeFromItsOwnConfig(t *testing.T) {
	c := tiny(photos(t, 8))
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	run(t, whole, c)

	ctx, cancel := context.WithCancel(t.Context())
	w := finetune.Watch{Progress: train.Progress{OnStep: func(s train.Step) {
		if s.Step == 2 {
			cancel()
		}
	}}}
	var stopped *train.InterruptedError
	if err := finetune.Run(ctx, parts, c, w); !errors.As(err, &stopped) || stopped.Step != 2 {
		t.Fatalf("got %v, want an interruption at step 2", err)
	}
	again, err := finetune.Read(parts)
	if err != nil {
		t.Fatal(err)
	}
	if err := finetune.Resume(t.Context(), parts, again, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	values := func(dir string) []byte {
		data, err := os.ReadFile(train.Checkpoints(dir).Prefix(newest(t, dir)) + ".data-00000-of-00001")
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if !bytes.Equal(values(whole), values(parts)) {
		t.Error("the resumed run ends with other values")
	}
}

// Where the newest checkpoint is damaged, the one before is used with a word of
// it; where all are, nothing is begun over them.
func TestResumePassesOverADamagedCheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, tiny(photos(t, 8)))
	c, err := finetune.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(epoch string) (data string, whole []byte) {
		data = filepath.Join(string(train.Checkpoints(dir)), "model_epoch"+epoch+".ckpt.data-00000-of-00001")
		whole, err := os.ReadFile(data)
		if err != nil {
			t.Fatal(err)
		}
		text := bytes.Clone(whole)
		text[len(text)/2] ^= 1
		if err := os.WriteFile(data, text, 0o666); err != nil {
			t.Fatal(err)
		}
		return data, whole
	}
	data, whole := spoil("2")
	var log bytes.Buffer
	w := finetune.Watch{Log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := finetune.Resume(t.Context(), dir, c, w); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"WARN", "damaged", "model_epoch2.ckpt", "checkpoint=model_epoch1.ckpt"} {
		if !strings.Contains(log.String(), word) {
			t.Errorf("log: got %s, want a word of %q", log.String(), word)
		}
	}
	if got, err := os.ReadFile(data); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("the second epoch done again ends with other values, %v", err)
	}
	spoil("1")
	spoil("2")
	for name, start := range map[string]func(context.Context, string, finetune.Config, finetune.Watch) error{"Run": finetune.Run, "Resume": finetune.Resume} {
		err := start(t.Context(), dir, c, finetune.Watch{})
		var advice interface{ Hint() string }
		if err == nil || !strings.Contains(err.Error(), "all checkpoints in it are damaged") || !errors.As(err, &advice) || advice.Hint() == "" {
			t.Errorf("%s: got %v, want an error that all are damaged, and a hint", name, err)
		}
	}
}

func TestReadySaysWhatComes(t *testing.T) {
	c := tiny(photos(t, 4))
	dir := filepath.Join(t.TempDir(), "run")
	var got []finetune.Ready
	if err := finetune.Run(t.Context(), dir, c, finetune.Watch{OnReady: func(r finetune.Ready) { got = append(got, r) }}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || len(got[0].Plan) != 8 || got[0].Memory.Total() <= 0 || got[0].Events != train.Events(dir) {
		t.Errorf("got %+v, want once the eight layers, the memory and the events' folder", got)
	}
}

func TestRefuses(t *testing.T) {
	data := photos(t, 4)
	begun := filepath.Join(t.TempDir(), "begun")
	run(t, begun, tiny(data))
	own, err := finetune.Read(begun)
	if err != nil {
		t.Fatal(err)
	}
	with := func(c finetune.Config, change func(*finetune.Config)) finetune.Config {
		change(&c)
		return c
	}
	fresh := func() string { return filepath.Join(t.TempDir(), "run") }
	for name, test := range map[string]struct {
		start func(context.Context, string, finetune.Config, finetune.Watch) error
		dir   string
		c     finetune.Config
		want  string
	}{
		"a run over another":     {finetune.Run, begun, tiny(data), "holds a run of 2 epochs"},
		"no pictures":            {finetune.Run, fresh(), tiny(t.TempDir()), "found no pictures"},
		"a setting out of range": {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.Dropout = 1 }), "dropout: got 1"},
		"an unknown precision":   {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.Precision = "half" }), `precision: got "half"`},
		"an unknown policy":      {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.BadImages = "" }), `bad images: got ""`},
		"no weights":             {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.Weights = "nowhere.npy" }), "nowhere.npy"},
		"to resume nothing":      {finetune.Resume, fresh(), tiny(data), "holds no config.json"},
		"to resume otherwise":    {finetune.Resume, begun, with(own, func(c *finetune.Config) { c.LearningRate, c.Seed = 0.5, 9 }), "lr: got 0.5, the run has 0.001; seed: got 9, the run has 1"},
		"to resume other pictures": {finetune.Resume, begun, with(own, func(c *finetune.Config) {
			c.Data, c.Epochs = photos(t, 5), 3
		}), "not those that the run began with"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.start(t.Context(), test.dir, test.c, finetune.Watch{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

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
	if got, err := finetune.Read(dir); err != nil || got.Used == 0 || got.Used >= 16 {
		t.Errorf("got %d pictures used, %v, want fewer than all", got.Used, err)
	}
	out, err := finetune.LeftOut(dir)
	if err != nil || len(out) != 1 || out[0].Path != torn || !strings.HasPrefix(out[0].Reason, "is damaged: ") {
		t.Errorf("got %v, %v left out, want %s and that it is damaged", out, err, torn)
	}
	if after := digest(t, data); after != before {
		t.Errorf("got the pictures changed:\n%s\nwant them as they were:\n%s", after, before)
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
	c.Verdicts, c.BadImages, c.Epochs = verdicts, input.Skip, 1
	for range 2 {
		dir := filepath.Join(t.TempDir(), "run")
		run(t, dir, c)
		if out, err := finetune.LeftOut(dir); err != nil || len(out) != 1 {
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

// A picture that goes while the run does ends it with what to do; brought back,
// the run goes on.
func TestPictureVanishes(t *testing.T) {
	data := photos(t, 8)
	c := tiny(data)
	dir, gone, kept := filepath.Join(t.TempDir(), "run"), filepath.Join(data, "dark", "0.png"), filepath.Join(t.TempDir(), "kept.png")
	w := finetune.Watch{Progress: train.Progress{OnEpoch: func(e train.Epoch) {
		if e.Epoch == 1 {
			if err := os.Rename(gone, kept); err != nil {
				t.Error(err)
			}
		}
	}}}
	err := finetune.Run(t.Context(), dir, c, w)
	var advice interface{ Hint() string }
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), gone) || !errors.As(err, &advice) || !strings.Contains(advice.Hint(), "--resume") {
		t.Fatalf("got %v, want an error that names %s and says how to go on", err, gone)
	}
	if err := os.Rename(kept, gone); err != nil {
		t.Fatal(err)
	}
	own, err := finetune.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := finetune.Resume(t.Context(), dir, own, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	if got := newest(t, dir).Epoch; got != c.Epochs {
		t.Errorf("got %d epochs, want %d", got, c.Epochs)
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
