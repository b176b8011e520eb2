package train

import (
	"context"
	"time"
)

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
