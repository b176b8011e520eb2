package input

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// pipeline is one iteration: a dispatcher that allocates batches in order and
// distributes their rows, and workers that fill the rows.
type pipeline[B Buffer] struct {
	ctx     context.Context
	cancel  context.CancelFunc
	loader  *Loader[B]
	pending chan *pendingBatch[B] // in order; closed after the last
	rows    chan row[B]
	slots   chan struct{} // one per batch that was not yielded yet
	running sync.WaitGroup
}

// pendingBatch is a batch that workers are filling.
type pendingBatch[B Buffer] struct {
	batch     Batch[B]
	picks     []Pick
	errs      []error // one per row
	remaining atomic.Int32
	done      chan struct{} // closed when all rows are filled
	alloc     error         // instead of a batch
}

type row[B Buffer] struct {
	batch *pendingBatch[B]
	index int
}

func start[B Buffer](ctx context.Context, l *Loader[B], order []Pick) *pipeline[B] {
	ctx, cancel := context.WithCancel(ctx)
	p := &pipeline[B]{
		ctx: ctx, cancel: cancel, loader: l,
		pending: make(chan *pendingBatch[B], l.ahead()),
		slots:   make(chan struct{}, l.ahead()),
		rows:    make(chan row[B]),
	}
	p.running.Go(func() { p.dispatch(order) })
	for range l.workers() {
		p.running.Go(p.work)
	}
	return p
}

// dispatch ends at the end of the order or when the iteration is canceled.
func (p *pipeline[B]) dispatch(order []Pick) {
	defer close(p.rows)
	defer close(p.pending)
	for first := 0; first < len(order); first += p.loader.Batch {
		select {
		case p.slots <- struct{}{}:
		case <-p.ctx.Done():
			return
		}
		f := p.allocate(order[first:min(first+p.loader.Batch, len(order))], first)
		p.pending <- f // never blocks: its capacity is the number of slots
		if f.alloc != nil {
			return
		}
		for i := range f.batch.Examples {
			select {
			case p.rows <- row[B]{f, i}:
			case <-p.ctx.Done():
				return
			}
		}
	}
}

// allocate allocates the batch of picks; first is the position of the first one in the order.
func (p *pipeline[B]) allocate(picks []Pick, first int) *pendingBatch[B] {
	n := len(picks)
	f := &pendingBatch[B]{picks: picks, errs: make([]error, n), done: make(chan struct{})}
	f.remaining.Store(int32(n))
	images, err := p.loader.Alloc(n)
	if err != nil {
		f.alloc = fmt.Errorf("allocate batch of %d images: %w", n, err)
		close(f.done)
		return f
	}
	f.batch = Batch[B]{Images: images, Labels: make([]int32, n), Examples: make([]Example, n), Start: first}
	for i, pick := range picks {
		f.batch.Examples[i] = p.loader.Examples[pick.Example]
		f.batch.Labels[i] = int32(f.batch.Examples[i].Label)
	}
	return f
}

func (p *pipeline[B]) work() {
	var buf bytes.Buffer
	for r := range p.rows {
		f, i := r.batch, r.index
		if f.errs[i] = p.ctx.Err(); f.errs[i] == nil {
			f.errs[i] = p.loader.load(p.ctx, f.batch.Examples[i], f.picks[i].Draw, f.batch.Images.Row(i), &buf)
		}
		if f.remaining.Add(-1) == 0 {
			close(f.done)
		}
	}
}

// next waits for the next batch, which belongs to the caller. ok is false after the last one.
func (p *pipeline[B]) next() (batch Batch[B], ok bool, err error) {
	f, ok := <-p.pending
	if ok {
		select {
		case <-f.done:
		case <-p.ctx.Done():
		}
	}
	if err := p.ctx.Err(); err != nil {
		p.discard(f)
		return batch, false, err
	}
	if !ok {
		return batch, false, nil
	}
	if err := p.reportErrors(f); err != nil {
		p.discard(f)
		return batch, false, err
	}
	<-p.slots
	return f.batch, true, nil
}

// reportErrors reports the failed images, or returns the first error.
func (p *pipeline[B]) reportErrors(f *pendingBatch[B]) error {
	if f.alloc != nil {
		return f.alloc
	}
	for i, err := range f.errs {
		if err == nil {
			continue
		}
		if p.loader.Failed == nil {
			return err
		}
		clear(f.batch.Images.Row(i))
		p.loader.Failed(f.batch.Start+i, err)
	}
	return nil
}

// discard closes a batch's buffer after all workers have ended.
func (p *pipeline[B]) discard(f *pendingBatch[B]) {
	p.cancel()
	p.running.Wait()
	if f != nil && f.alloc == nil {
		f.batch.Images.Close()
	}
}

// stop ends the iteration in any state, also after discard.
func (p *pipeline[B]) stop() {
	p.cancel()
	p.running.Wait()
	for f := range p.pending {
		p.discard(f)
	}
}
