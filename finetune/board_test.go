package finetune_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"

	"alexnet/finetune"
	"alexnet/internal/rundir"
	"alexnet/internal/weights"
	"alexnet/summaries"
	"alexnet/train"
)

// shows returns the steps of TensorBoard's data beyond the curves, by plugin and tag. A session start discards
// later steps, as TensorBoard does.
func shows(t *testing.T, dir string) map[string][]int64 {
	t.Helper()
	files, err := summaries.Files(rundir.Dir(dir).Events())
	if err != nil {
		t.Fatal(err)
	}
	steps := map[string][]int64{}
	for _, file := range files {
		for e, err := range summaries.Read(file) {
			if err != nil {
				t.Fatal(err)
			}
			if e.GetSessionLog().GetStatus() == eventpb.SessionLog_START {
				for tag, all := range steps {
					steps[tag] = slices.DeleteFunc(all, func(step int64) bool { return step >= e.Step })
				}
			}
			if tagged := e.GetTaggedRunMetadata(); tagged != nil {
				steps["trace "+tagged.Tag] = append(steps["trace "+tagged.Tag], e.Step)
			}
			for _, v := range e.GetSummary().GetValue() {
				page := v.GetMetadata().GetPluginData().GetPluginName()
				if v.GetImage() != nil {
					page = "images"
				}
				if page != "" {
					steps[page+" "+v.Tag] = append(steps[page+" "+v.Tag], e.Step)
				}
			}
		}
	}
	return steps
}

// A run writes data for all plugins exactly once, whether interrupted or not.
func TestDashboardData(t *testing.T) {
	c := tiny(photos(t, 8))
	uninterrupted, resumed := filepath.Join(t.TempDir(), "uninterrupted"), filepath.Join(t.TempDir(), "resumed")
	run(t, uninterrupted, c)
	ctx, cancel := context.WithCancel(t.Context())
	w := finetune.Watch{OnStep: func(s train.StepResult) {
		if s.Step == 3 {
			cancel()
		}
	}}
	var stopped *train.InterruptedError
	if err := finetune.Run(ctx, resumed, c, w); !errors.As(err, &stopped) {
		t.Fatalf("got %v, want an interruption", err)
	}
	again, err := finetune.ReadConfig(resumed)
	if err != nil {
		t.Fatal(err)
	}
	if err := finetune.Resume(t.Context(), resumed, again, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	last := newest(t, uninterrupted).Step
	epochs := []int64{0, last / 2, last}
	want := map[string][]int64{
		"text run/settings": {0}, "text run/layers": {0}, "text run/validation": epochs,
		"hparams _hparams_/experiment": {0}, "hparams _hparams_/session_start_info": {0}, "hparams _hparams_/session_end_info": {last},
		"images inputs": {0}, "images conv1/filters": epochs,
		"pr_curves precision_recall/bright": epochs, "pr_curves precision_recall/dark": epochs,
		"trace step 2": {2}, fmt.Sprintf("trace step %d, forward", last): {last},
	}
	for name, dir := range map[string]string{"uninterrupted": uninterrupted, "resumed": resumed} {
		if got := shows(t, dir); !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		checkProjector(t, rundir.Dir(dir).Events())
	}
}

func checkProjector(t *testing.T, events string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(events, "projector-metadata.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := os.ReadFile(filepath.Join(events, "projector-vectors.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	if got := strings.Count(string(vectors), "\n"); len(rows) == 0 || got != len(rows) {
		t.Errorf("got %d points and %d rows, want the same number, at least 1", got, len(rows))
	}
	for _, row := range rows {
		cells := strings.Split(row, "\t")
		if len(cells) != 4 || !strings.HasSuffix(cells[0], ".png") || cells[3] != fmt.Sprint(cells[1] == cells[2]) {
			t.Errorf("got row %q, want an image, its class, the predicted class and whether it is correct", row)
		}
	}
	f, err := os.Open(filepath.Join(events, "projector-sprite.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sprite, err := png.DecodeConfig(f); err != nil || sprite.Width%48 != 0 || sprite.Width/48*sprite.Height/48 < len(rows) {
		t.Errorf("got a sprite of %dx%d, %v, want at least %d tiles of 48x48", sprite.Width, sprite.Height, err, len(rows))
	}
}

// drawnWeights writes a file of constant pretrained weights for the network of c, with one class more than photos.
func drawnWeights(t *testing.T, c finetune.Config) string {
	t.Helper()
	constant := func(shape []int64) *weights.Array {
		a, count := new(weights.Array), 1
		for _, d := range shape {
			a.Shape, count = append(a.Shape, int(d)), count*int(d)
		}
		a.Data = slices.Repeat([]float32{0.01}, count)
		return a
	}
	c.Network.Classes = 3
	var layers []weights.Layer
	for _, l := range c.Network.Layers() {
		layers = append(layers, weights.Layer{Name: l.Name, Weights: constant(l.Weights), Biases: constant(l.Biases)})
	}
	path := filepath.Join(t.TempDir(), "weights.npy")
	if err := weights.Write(path, layers...); err != nil {
		t.Fatal(err)
	}
	return path
}

// Missing images cost the projector data, not the run.
func TestDashboardDataWithMissingImages(t *testing.T) {
	c := tiny(photos(t, 8))
	c.Weights, c.TrainLayers, c.Epochs = drawnWeights(t, c), []string{"fc8"}, 1 // its features are cached
	dir := filepath.Join(t.TempDir(), "run")
	var log bytes.Buffer
	w := finetune.Watch{Log: slog.New(slog.NewTextHandler(&log, nil)), OnStep: func(train.StepResult) {
		if err := os.RemoveAll(c.Data); err != nil {
			t.Error(err)
		}
	}}
	if err := finetune.Run(t.Context(), dir, c, w); err != nil {
		t.Fatal(err)
	}
	if newest(t, dir).Epoch != 1 || !strings.Contains(log.String(), "projector data not written") {
		t.Errorf("got %+v, log\n%s\nwant one epoch and a warning about the projector", newest(t, dir), &log)
	}
}

// Without a validation split there is no projector data and no curve.
func TestDashboardDataWithoutValidation(t *testing.T) {
	c := tiny(photos(t, 2))
	c.Val = ""
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, c)
	for tag := range shows(t, dir) {
		if strings.HasPrefix(tag, "pr_curves") {
			t.Errorf("got %s", tag)
		}
	}
	if _, err := os.Stat(filepath.Join(rundir.Dir(dir).Events(), "projector_config.pbtxt")); err == nil {
		t.Error("got projector data without images")
	}
}
