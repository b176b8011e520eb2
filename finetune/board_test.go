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
	"alexnet/internal/npy"
	"alexnet/summaries"
	"alexnet/train"
)

// shows gives what TensorBoard finds beside the curves: by page and tag the
// steps. Where a session starts, it forgets what was written from there on.
func shows(t *testing.T, dir string) map[string][]int64 {
	t.Helper()
	files, err := summaries.Files(train.Events(dir))
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

// A run shows all pages, each thing once, in one go and interrupted.
func TestBoard(t *testing.T) {
	c := tiny(photos(t, 8))
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	run(t, whole, c)
	ctx, cancel := context.WithCancel(t.Context())
	w := finetune.Watch{Progress: train.Progress{OnStep: func(s train.StepResult) {
		if s.Step == 3 {
			cancel()
		}
	}}}
	var stopped *train.InterruptedError
	if err := finetune.Run(ctx, parts, c, w); !errors.As(err, &stopped) {
		t.Fatalf("got %v, want an interruption", err)
	}
	again, err := finetune.ReadConfig(parts)
	if err != nil {
		t.Fatal(err)
	}
	if err := finetune.Resume(t.Context(), parts, again, finetune.Watch{}); err != nil {
		t.Fatal(err)
	}
	last := newest(t, whole).Step
	epochs := []int64{0, last / 2, last}
	want := map[string][]int64{
		"text run/settings": {0}, "text run/layers": {0}, "text run/validation": epochs,
		"hparams _hparams_/experiment": {0}, "hparams _hparams_/session_start_info": {0}, "hparams _hparams_/session_end_info": {last},
		"images inputs": {0}, "images conv1/filters": epochs,
		"pr_curves precision_recall/bright": epochs, "pr_curves precision_recall/dark": epochs,
		"trace update 2": {2}, fmt.Sprintf("trace step %d, forward", last): {last},
	}
	for name, dir := range map[string]string{"whole": whole, "in parts": parts} {
		if got := shows(t, dir); !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		checkProjector(t, train.Events(dir))
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
		t.Errorf("got %d points and %d rows, want some and as many", got, len(rows))
	}
	for _, row := range rows {
		cells := strings.Split(row, "\t")
		if len(cells) != 4 || !strings.HasSuffix(cells[0], ".png") || cells[3] != fmt.Sprint(cells[1] == cells[2]) {
			t.Errorf("got row %q, want a picture, its class, the answer and whether that is right", row)
		}
	}
	f, err := os.Open(filepath.Join(events, "projector-sprite.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sprite, err := png.DecodeConfig(f); err != nil || sprite.Width%48 != 0 || sprite.Width/48*sprite.Height/48 < len(rows) {
		t.Errorf("got a sprite of %dx%d, %v, want one of at least %d squares of 48", sprite.Width, sprite.Height, err, len(rows))
	}
}

// weights are a file of pretrained ones, all the same, for the network of c and
// one class more than photos has.
func weights(t *testing.T, c finetune.Config) string {
	t.Helper()
	constant := func(shape []int64) *npy.Array {
		a, count := new(npy.Array), 1
		for _, d := range shape {
			a.Shape, count = append(a.Shape, int(d)), count*int(d)
		}
		a.Data = slices.Repeat([]float32{0.01}, count)
		return a
	}
	c.Network.Classes = 3
	var layers []npy.Layer
	for _, l := range c.Network.Layers() {
		layers = append(layers, npy.Layer{Name: l.Name, Weights: constant(l.Weights), Biases: constant(l.Biases)})
	}
	path := filepath.Join(t.TempDir(), "weights.npy")
	if err := npy.Write(path, layers...); err != nil {
		t.Fatal(err)
	}
	return path
}

// A picture that is gone by the end costs the projector, not the run.
func TestBoardOfLostPictures(t *testing.T) {
	c := tiny(photos(t, 8))
	c.Weights, c.TrainLayers, c.Epochs = weights(t, c), []string{"fc8"}, 1 // what fc8 reads is kept
	dir := filepath.Join(t.TempDir(), "run")
	var said bytes.Buffer
	w := finetune.Watch{Log: slog.New(slog.NewTextHandler(&said, nil)), Progress: train.Progress{OnStep: func(train.StepResult) {
		if err := os.RemoveAll(c.Data); err != nil {
			t.Error(err)
		}
	}}}
	if err := finetune.Run(t.Context(), dir, c, w); err != nil {
		t.Fatal(err)
	}
	if newest(t, dir).Epoch != 1 || !strings.Contains(said.String(), "the projector has nothing to show") {
		t.Errorf("got %+v, said\n%s\nwant an epoch, and why there is no projector", newest(t, dir), &said)
	}
}

// Without pictures to validate on, there is nothing to lay out and no curve.
func TestBoardWithoutValidation(t *testing.T) {
	c := tiny(photos(t, 2))
	c.Val = ""
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, c)
	for tag := range shows(t, dir) {
		if strings.HasPrefix(tag, "pr_curves") {
			t.Errorf("got %s", tag)
		}
	}
	if _, err := os.Stat(filepath.Join(train.Events(dir), "projector_config.pbtxt")); err == nil {
		t.Error("got a projector of no pictures")
	}
}
