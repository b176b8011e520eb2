package train

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"alexnet/ops"
)

// Config are the settings of the loop. Its zero value is filled by WithDefaults with values that train well.
type Config struct {
	Epochs       int           `json:"epochs"`                // in total, those before a resume included; 10
	Batch        int           `json:"batch"`                 // images per step; 128
	MicroBatch   int           `json:"micro_batch,omitempty"` // most images computed at once; no default: 0 chooses
	LearningRate float64       `json:"learning_rate"`         // by optimizer: gd 1e-3, momentum and adam 1e-4
	Optimizer    ops.Optimizer `json:"optimizer"`             // gd
	Dropout      float64       `json:"dropout"`               // probability of dropping; no default: 0 is none
	Seed         uint64        `json:"seed"`                  // of order, augmentation, dropout and initial values
	Augment      Augment       `json:"augment,omitempty"`     // none
	NoShuffle    bool          `json:"no_shuffle,omitempty"`  // every epoch in the dataset's order
	Keep         int           `json:"keep"`                  // newest checkpoints kept beside the best; no default: 0 is all
	DisplayEvery int           `json:"display_every"`         // steps between two points of a curve; 20
	SaveEvery    Interval      `json:"save_every,omitzero"`   // between checkpoints inside an epoch; no default: 0 is none
	ClipNorm     float64       `json:"clip_norm,omitempty"`   // maximum global norm of the gradients; 0: no clipping
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
	if c.Augment == "" {
		c.Augment = NoAugment
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
	if err := c.SaveEvery.validate(); err != nil {
		errs = append(errs, fmt.Errorf("save every: %w", err))
	}
	want(c.ClipNorm >= 0 && c.ClipNorm <= math.MaxFloat32, "clip norm: got %g, want a positive number, or 0 for no clipping", c.ClipNorm)
	return errors.Join(errs...)
}

// Augment says how training images are augmented at random. The empty value is NoAugment.
type Augment string

const (
	NoAugment   Augment = "none"
	FlipAugment Augment = "flip" // random horizontal flip, with probability 1/2
)

// draws is how many different draws an example may have.
func (a Augment) draws() int {
	if a == FlipAugment {
		return 2
	}
	return 1
}

// Interval is a number of steps or a duration. The zero value is never.
type Interval struct {
	Steps int64
	Time  time.Duration
}

func (i Interval) String() string {
	if i.Time != 0 {
		return i.Time.String()
	}
	return strconv.FormatInt(i.Steps, 10)
}

// MarshalText writes what UnmarshalText reads.
func (i Interval) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads a number of steps, "500", or a duration, "10m".
func (i *Interval) UnmarshalText(text []byte) (err error) {
	*i = Interval{}
	if i.Steps, err = strconv.ParseInt(string(text), 10, 64); err == nil {
		return i.validate()
	}
	if i.Time, err = time.ParseDuration(string(text)); err != nil {
		return fmt.Errorf("got %q, want a number of steps such as 500, or a duration such as 10m", text)
	}
	return i.validate()
}

func (i Interval) validate() error {
	if i.Steps < 0 || i.Time < 0 || i.Steps > 0 && i.Time > 0 {
		return fmt.Errorf("got %d steps and %v, want one of them above 0, or none for never", i.Steps, i.Time)
	}
	return nil
}

// due reports whether a number of steps, or a time, has reached the interval.
func (i Interval) due(steps int64, elapsed time.Duration) bool {
	return steps > 0 && (i.Steps > 0 && steps >= i.Steps || i.Time > 0 && elapsed >= i.Time)
}
