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

	"alexnet/finetune"
	"alexnet/internal/rundir"
	"alexnet/train"
)

func run(t *testing.T, dir string, c finetune.Config) {
	t.Helper()
	if err := finetune.Run(t.Context(), dir, c, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
}

// A resumed run ends with the same bytes as an uninterrupted one.
func TestResumeFromItsOwnConfig(t *testing.T) {
	c := tiny(photos(t, 8))
	uninterrupted, resumed := filepath.Join(t.TempDir(), "uninterrupted"), filepath.Join(t.TempDir(), "resumed")
	run(t, uninterrupted, c)

	ctx, cancel := context.WithCancel(t.Context())
	w := finetune.Watch{OnStep: func(s train.StepResult) {
		if s.Step == 2 {
			cancel()
		}
	}}
	var stopped *train.InterruptedError
	if err := finetune.Run(ctx, resumed, c, w); !errors.As(err, &stopped) || stopped.Step != 2 {
		t.Fatalf("got %v, want an interruption at step 2", err)
	}
	again, err := finetune.ReadConfig(resumed)
	if err != nil {
		t.Fatal(err)
	}
	if err := finetune.Resume(t.Context(), resumed, again, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	values := func(dir string) []byte {
		data, err := os.ReadFile(train.Checkpoints(dir).Prefix(newest(t, dir)) + ".data-00000-of-00001")
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if !bytes.Equal(values(uninterrupted), values(resumed)) {
		t.Error("the resumed run ends with other values")
	}
}

// If the newest checkpoint is damaged, the previous one is used, with a warning; if all are, the run fails.
func TestResumeSkipsDamagedCheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, tiny(photos(t, 8)))
	c, err := finetune.ReadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	damage := func(epoch string) (data string, intact []byte) {
		data = filepath.Join(string(train.Checkpoints(dir)), "model_epoch"+epoch+".ckpt.data-00000-of-00001")
		intact, err := os.ReadFile(data)
		if err != nil {
			t.Fatal(err)
		}
		text := bytes.Clone(intact)
		text[len(text)/2] ^= 1
		if err := os.WriteFile(data, text, 0o666); err != nil {
			t.Fatal(err)
		}
		return data, intact
	}
	data, intact := damage("2")
	var log bytes.Buffer
	w := finetune.Watch{Log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := finetune.Resume(t.Context(), dir, c, w); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"WARN", "damaged", "model_epoch2.ckpt", "checkpoint=model_epoch1.ckpt"} {
		if !strings.Contains(log.String(), word) {
			t.Errorf("log: got %s, want %q", log.String(), word)
		}
	}
	if got, err := os.ReadFile(data); err != nil || !bytes.Equal(got, intact) {
		t.Errorf("the repeated epoch ends with other values, %v", err)
	}
	damage("1")
	damage("2")
	for name, start := range map[string]func(context.Context, string, finetune.Config, finetune.Watch) error{"Run": finetune.Run, "Resume": finetune.Resume} {
		err := start(t.Context(), dir, c, finetune.Watch{})
		var advice interface{ Hint() string }
		if err == nil || !strings.Contains(err.Error(), "all checkpoints in it are damaged") || !errors.As(err, &advice) || advice.Hint() == "" {
			t.Errorf("%s: got %v, want an error that all are damaged, with a hint", name, err)
		}
	}
}

// A run without a valid config.json resumes with the settings in its checkpoints and restores the file. A
// config.json that contradicts them is refused.
func TestResumeWithoutItsConfig(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := tiny(photos(t, 4))
	c.Epochs = 1
	run(t, dir, c)
	intact, err := os.ReadFile(rundir.Dir(dir).Config())
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{"", string(intact[:len(intact)/2])} {
		if err := os.WriteFile(rundir.Dir(dir).Config(), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		own, err := finetune.ReadConfig(dir)
		if err != nil {
			t.Fatal(err)
		}
		own.Epochs = 2 + i
		var log bytes.Buffer
		if err := finetune.Resume(t.Context(), dir, own, finetune.Watch{Log: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "config.json is written again") {
			t.Errorf("log: got %s, want a warning about config.json", log.String())
		}
	}
	text, err := os.ReadFile(rundir.Dir(dir).Config())
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), `"learning_rate": 0.001`, `"learning_rate": 0.1`, 1)
	if err := os.WriteFile(rundir.Dir(dir).Config(), []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	own, err := finetune.ReadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := finetune.Resume(t.Context(), dir, own, finetune.Watch{}); err == nil || !strings.Contains(err.Error(), "lr: got 0.1, model_epoch") {
		t.Errorf("got %v, want config.json's learning rate refused", err)
	}
}

func TestReady(t *testing.T) {
	c := tiny(photos(t, 4))
	dir := filepath.Join(t.TempDir(), "run")
	var got []finetune.Ready
	if err := finetune.Run(t.Context(), dir, c, finetune.Watch{OnReady: func(r finetune.Ready) { got = append(got, r) }}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || len(got[0].Plan) != 8 || got[0].Memory.Total() <= 0 || got[0].Events != rundir.Dir(dir).Events() {
		t.Errorf("got %+v, want one call with eight layers, memory estimate and event folder", got)
	}
}

func TestRefuses(t *testing.T) {
	data := photos(t, 4)
	begun := filepath.Join(t.TempDir(), "begun")
	run(t, begun, tiny(data))
	own, err := finetune.ReadConfig(begun)
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
		"a run over another":         {finetune.Run, begun, tiny(data), "holds a run of 2 epochs"},
		"no images":                  {finetune.Run, fresh(), tiny(t.TempDir()), "no images found"},
		"a setting out of range":     {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.Dropout = 1 }), "dropout: got 1"},
		"an unknown precision":       {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.Precision = "half" }), `precision: got "half"`},
		"an unknown policy":          {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.BadImages = "" }), `bad-images: got ""`},
		"a path in Latin 1":          {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.Data = "da\xe4ta" }), `da\xe4ta", want UTF-8`},
		"no weights":                 {finetune.Run, fresh(), with(tiny(data), func(c *finetune.Config) { c.Weights = "nowhere.npy" }), "nowhere.npy"},
		"resume without a run":       {finetune.Resume, fresh(), tiny(data), "config.json not found"},
		"resume with other settings": {finetune.Resume, begun, with(own, func(c *finetune.Config) { c.LearningRate, c.Seed = 0.5, 9 }), "lr: got 0.5, the run has 0.001; seed: got 9, the run has 1"},
		"resume on other images": {finetune.Resume, begun, with(own, func(c *finetune.Config) {
			c.Data, c.Epochs = photos(t, 5), 3
		}), "differs from the run's"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.start(t.Context(), test.dir, test.c, finetune.Watch{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
