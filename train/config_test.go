package train_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"alexnet/ops"
	"alexnet/train"
)

func TestConfigWithDefaults(t *testing.T) {
	full := train.Config{Epochs: 3, Batch: 5, LearningRate: 7, Optimizer: ops.Adam, Dropout: .5, Seed: 9, Keep: 2, DisplayEvery: 4,
		Augment: train.FlipAugment, ClipNorm: 3, OnNaN: train.Skip}
	cases := map[string]struct{ got, want train.Config }{
		"zero": {train.Config{}, train.Config{Epochs: 10, Batch: 128, LearningRate: 1e-3, Optimizer: ops.GradientDescent, DisplayEvery: 20, Augment: train.NoAugment, OnNaN: train.Stop}},
		"momentum": {train.Config{Optimizer: ops.Momentum},
			train.Config{Epochs: 10, Batch: 128, LearningRate: 1e-4, Optimizer: ops.Momentum, DisplayEvery: 20, Augment: train.NoAugment, OnNaN: train.Stop}},
		"adam": {train.Config{Optimizer: ops.Adam},
			train.Config{Epochs: 10, Batch: 128, LearningRate: 1e-4, Optimizer: ops.Adam, DisplayEvery: 20, Augment: train.NoAugment, OnNaN: train.Stop}},
		"full": {full, full},
	}
	for name, c := range cases {
		if got := c.got.WithDefaults(); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
		if err := c.got.WithDefaults().Validate(); err != nil {
			t.Errorf("%s: got %v, want it to be valid", name, err)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	cases := map[string]struct {
		change func(*train.Config)
		says   string // "" for valid
	}{
		"epochs 0":          {func(c *train.Config) { c.Epochs = 0 }, "epochs: got 0"},
		"batch 0":           {func(c *train.Config) { c.Batch = 0 }, "batch: got 0"},
		"rate 0":            {func(c *train.Config) { c.LearningRate = 0 }, "learning rate: got 0"},
		"rate negative":     {func(c *train.Config) { c.LearningRate = -1 }, "learning rate: got -1"},
		"rate infinite":     {func(c *train.Config) { c.LearningRate = math.Inf(1) }, "learning rate: got +Inf"},
		"learning rate NaN": {func(c *train.Config) { c.LearningRate = math.NaN() }, "learning rate: got NaN"},
		"dropout 0":         {func(c *train.Config) { c.Dropout = 0 }, ""},
		"dropout 1":         {func(c *train.Config) { c.Dropout = 1 }, "dropout: got 1"},
		"dropout -0.1":      {func(c *train.Config) { c.Dropout = -.1 }, "dropout: got -0.1"},
		"dropout NaN":       {func(c *train.Config) { c.Dropout = math.NaN() }, "dropout: got NaN"},
		"keep 0":            {func(c *train.Config) { c.Keep = 0 }, ""},
		"keep -1":           {func(c *train.Config) { c.Keep = -1 }, "keep: got -1"},
		"display 0":         {func(c *train.Config) { c.DisplayEvery = 0 }, "display every: got 0"},
		"clip norm 0":       {func(c *train.Config) { c.ClipNorm = 0 }, ""},
		"clip norm -1":      {func(c *train.Config) { c.ClipNorm = -1 }, "clip norm: got -1"},
		"clip norm NaN":     {func(c *train.Config) { c.ClipNorm = math.NaN() }, "clip norm: got NaN"},
		"clip norm huge":    {func(c *train.Config) { c.ClipNorm = 1e39 }, "clip norm: got 1e+39"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := train.Config{}.WithDefaults()
			c.change(&cfg)
			err := cfg.Validate()
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	if err := (train.Config{}).Validate(); err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("got %v, want all four problems of the zero value", err)
	}
}

func ExampleConfig_WithDefaults() {
	c := train.Config{Optimizer: ops.Adam, Epochs: 3}.WithDefaults()
	fmt.Println(c.Epochs, c.Batch, c.LearningRate)
	// Output: 3 128 0.0001
}
