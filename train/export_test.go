package train

import "time"

// SetClock has t read the time from now.
func SetClock(t *Trainer, now func() time.Time) { t.record.now = now }
