package train

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Interval says how often something is done: every so many steps, or every so
// long by the clock. The zero value is never.
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

// UnmarshalText reads a number of steps, "500", or a time, "10m".
func (i *Interval) UnmarshalText(text []byte) (err error) {
	*i = Interval{}
	if i.Steps, err = strconv.ParseInt(string(text), 10, 64); err == nil {
		return i.validate()
	}
	if i.Time, err = time.ParseDuration(string(text)); err != nil {
		return fmt.Errorf("got %q, want a number of updates such as 500, or a time such as 10m", text)
	}
	return i.validate()
}

func (i Interval) validate() error {
	if i.Steps < 0 || i.Time < 0 || i.Steps > 0 && i.Time > 0 {
		return fmt.Errorf("got %d updates and %v, want one of them above 0, or none for never", i.Steps, i.Time)
	}
	return nil
}

// due tells whether it is time again after so many steps in so long.
func (i Interval) due(updates int64, time time.Duration) bool {
	return updates > 0 && (i.Steps > 0 && updates >= i.Steps || i.Time > 0 && time >= i.Time)
}

// saveInside saves the position inside an epoch when it is time to. It replaces
// the one before of its kind.
func (r *run) saveInside(ctx context.Context) error {
	if !r.cfg.SaveEvery.due(r.at.Step-r.saved.Step, time.Since(r.savedAt)) {
		return nil
	}
	if err := r.checkFinite(ctx); err != nil {
		return err
	}
	_, err := r.save(ctx, nil)
	return err
}
