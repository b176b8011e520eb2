package input

import (
	"bytes"
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Verify reads and decodes every example, as [Loader.Batches] or the Sandbox would, and returns those that fail, in the
// order of the examples. It does not use Batch, and calls Alloc(1) once per worker. The error is ctx's or Alloc's.
func (l *Loader[B]) Verify(ctx context.Context) ([]Excluded, error) {
	one := *l
	one.Batch = 1
	if err := one.validate(); err != nil {
		return nil, err
	}
	errs := make([]error, len(l.Examples))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(l.workers(), len(l.Examples)) {
		into, err := l.Alloc(1)
		if err != nil {
			g.Go(func() error { return err })
			break
		}
		g.Go(func() error {
			defer into.Close()
			var buf bytes.Buffer
			for i := next.Add(1) - 1; i < int64(len(errs)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if l.Sandbox != nil {
					errs[i] = l.Sandbox.Try(ctx, l.Examples[i])
				} else {
					errs[i] = l.load(ctx, l.Examples[i], 0, into.Row(0), &buf)
				}
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var excluded []Excluded
	for i, err := range errs {
		if err != nil {
			excluded = append(excluded, ExcludedFor(l.Examples[i].Path, err))
		}
	}
	return excluded, nil
}
