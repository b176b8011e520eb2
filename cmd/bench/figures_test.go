package main

import (
	"math"
	"strings"
	"testing"

	"alexnet/alexnet"
)

func TestHeadWork(t *testing.T) {
	got := headWork(alexnet.Config{Classes: 2}.WithDefaults()) * 1e9 / 2
	if want := 125.9e6; math.Abs(got-want) > 0.1e6 {
		t.Errorf("got %.1f million multiply-adds an image, want %.1f", got/1e6, want/1e6)
	}
}

func TestExponent(t *testing.T) {
	x := []float64{500, 2000, 9000}
	for _, p := range []float64{0, 1, 1.5, 2} {
		y := make([]float64, len(x))
		for i := range x {
			y[i] = 3 * math.Pow(x[i], p)
		}
		if got := exponent(x, y); math.Abs(got-p) > 1e-9 {
			t.Errorf("3x^%g: got exponent %g", p, got)
		}
		said := statement("time", "images", x, y)
		if got := strings.Contains(said, "SUPER-LINEAR"); got != (p > 1.1) {
			t.Errorf("3x^%g: got %q", p, said)
		}
	}
	if got := statement("time", "epochs", []float64{1, 1}, []float64{2, 3}); !strings.Contains(got, "too few") {
		t.Errorf("one x alone: got %q", got)
	}
}

func TestOutcome(t *testing.T) {
	o := &outcome{Points: []point{{0, 10, 0.5, 1}, {1, 30, 0.8, 1}, {2, 35, 0.96, 1}, {3, 40, 0.95, 1}}}
	for epoch, want := range map[int]float64{0: 10, 3: 40, 4: 45, 100: 40 + 97*5} {
		if got, measured := o.at(epoch); got != want || measured != (epoch < 4) {
			t.Errorf("epoch %d: got %g, measured %v; want %g", epoch, got, measured, want)
		}
	}
	if got, ok := o.reached(0.96); !ok || got != 35 {
		t.Errorf("0.96: got %g, %v; want 35", got, ok)
	}
	if _, ok := o.reached(0.97); ok {
		t.Error("0.97 was never reached")
	}
	alone := &outcome{Points: o.Points[:2]}
	if got, _ := alone.at(3); got != 70 {
		t.Errorf("one epoch of 20 s alone: got %g s after three, want 70", got)
	}
}

func TestEpochLine(t *testing.T) {
	for line, want := range map[string]point{
		"epoch 0/5  step 0  validation loss 0.7331  accuracy 0.4725":                                                      {0, 0, 0.4725, 0},
		"epoch 5/5  step 360  loss 0.5189  accuracy 0.9402  validation loss 0.2912  accuracy 0.9587  171 images/s  53.6s": {5, 0, 0.9587, 0},
	} {
		epoch, accuracy, ok := epochLine(line)
		if !ok || epoch != want.Epoch || accuracy != want.Accuracy {
			t.Errorf("%s: got %d, %g, %v", line, epoch, accuracy, ok)
		}
	}
	if _, _, ok := epochLine("best: epoch 5, accuracy 0.9587 on 800 validation images"); ok {
		t.Error("the last line was taken for an epoch's")
	}
}

func TestSpread(t *testing.T) {
	if got := spreadOf([]float64{3, 1, 2}).String(); got != "1.00 / 2.00 / 3.00" {
		t.Errorf("got %s", got)
	}
	r := compare("", "", []float64{2, 8}, "other", []float64{1, 2})
	if *r.Ratio != (spread{2, 3, 4}) {
		t.Errorf("got ratios %v, want those of each turn: 2 and 4", *r.Ratio)
	}
}

func TestSettings(t *testing.T) {
	s := defaults()
	s.Peers, s.Parts, s.Turns, s.Program, s.Weights = "ours", []string{"speed"}, 0, "no/program", "no/weights.npy"
	err := s.validate()
	for _, want := range []string{"--peers", "--parts", "--turns", "make build", "no/weights.npy"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to speak of %s", err, want)
		}
	}
}
