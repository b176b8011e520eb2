package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"alexnet/ops"
)

// Config are the settings of the loop. Its zero value is filled by WithDefaults
// with values that train well.
type Config struct {
	Epochs       int           `json:"epochs"`                // in total, those before a resume included; 10
	Batch        int           `json:"batch"`                 // images a step; 128
	MicroBatch   int           `json:"micro_batch,omitempty"` // the most images computed at once; no default: 0 chooses
	LearningRate float64       `json:"learning_rate"`         // by optimizer: gd 1e-3, momentum and adam 1e-4
	Optimizer    ops.Optimizer `json:"optimizer"`             // gd
	Dropout      float64       `json:"dropout"`               // probability of dropping; no default: 0 is none
	Seed         uint64        `json:"seed"`                  // of order, dropout and initial values
	Flip         bool          `json:"mirror,omitempty"`      // show each image flipped in half of the epochs
	NoShuffle    bool          `json:"in_order,omitempty"`    // take the images as they come instead of shuffling them every epoch
	Keep         int           `json:"keep"`                  // newest checkpoints kept beside the best; no default: 0 is all
	DisplayEvery int           `json:"display_every"`         // steps between two points of a curve; 20
	SaveEvery    Interval      `json:"save_every,omitzero"`   // between checkpoints inside an epoch; no default: 0 is none
	ClipNorm     float64       `json:"clip_norm,omitempty"`   // the most that the gradients' global norm may be; 0: no bound
	OnNaN        OnNaN         `json:"on_nan,omitempty"`      // stop
}

// WithDefaults fills what is zero and has a default.
func (c Config) WithDefaults() Config {
	if c.Epochs == 0 {
		c.Epochs = 10
	}
	if c.Batch == 0 {
		c.Batch = 128
	}
	if c.Optimizer == "" {
		c.Optimizer = ops.GradientDescent
	}
	if c.LearningRate == 0 {
		c.LearningRate = 1e-4
		if c.Optimizer == ops.GradientDescent {
			c.LearningRate = 1e-3
		}
	}
	if c.DisplayEvery == 0 {
		c.DisplayEvery = 20
	}
	if c.OnNaN == "" {
		c.OnNaN = Stop
	}
	return c
}

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(c.Epochs >= 1, "epochs: got %d, want at least 1", c.Epochs)
	want(c.Batch >= 1, "batch: got %d, want at least 1", c.Batch)
	want(c.MicroBatch >= 0, "micro-batch: got %d, want at least 1, or 0 to have it chosen", c.MicroBatch)
	want(c.LearningRate > 0 && !math.IsInf(c.LearningRate, 0), "learning rate: got %g, want a positive number", c.LearningRate)
	want(c.Dropout >= 0 && c.Dropout < 1, "dropout: got %g, want the probability of dropping, from 0 to below 1", c.Dropout)
	want(c.Keep >= 0, "keep: got %d, want 0 for all or more", c.Keep)
	want(c.DisplayEvery >= 1, "display every: got %d, want at least 1", c.DisplayEvery)
	known := map[ops.Optimizer]bool{ops.GradientDescent: true, ops.Momentum: true, ops.Adam: true}
	if err := c.SaveEvery.validate(); err != nil {
		errs = append(errs, fmt.Errorf("save every: %w", err))
	}
	want(known[c.Optimizer], "optimizer: got %q, want gd, momentum or adam", c.Optimizer)
	want(c.ClipNorm >= 0 && c.ClipNorm <= math.MaxFloat32, "clip norm: got %g, want a positive number, or 0 for no bound", c.ClipNorm)
	want(slices.Contains([]OnNaN{"", Stop, Skip, LowerRate}, c.OnNaN), "on nan: got %q, want %s, %s or %s", c.OnNaN, Stop, Skip, LowerRate)
	return errors.Join(errs...)
}
