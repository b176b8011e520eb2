package serve

import (
	"context"
	"slices"
	"sync"
	"time"

	"alexnet/classify"
	"alexnet/tfgraph"
)

// batcher brings pictures of different requests through the network together.
// One goroutine takes whatever waits, up to size, and runs it: while a batch is
// being computed, the next one gathers.
type batcher struct {
	model *classify.Model
	size  int
	wait  time.Duration
	jobs  chan *job
	quit  chan struct{}
	done  sync.WaitGroup
	ran   func(pictures int, took time.Duration)
}

// job is a decoded picture that waits for its result.
type job struct {
	ctx     context.Context
	picture classify.Image
	answer  chan answer // of one place, so that nobody waits for who has left
}

type answer struct {
	result classify.Result
	err    error
}

// newBatcher starts the goroutine. places is how many jobs there can be at once,
// so that none waits to be queued.
func newBatcher(model *classify.Model, c Config, ran func(int, time.Duration)) *batcher {
	b := &batcher{model: model, size: c.Batch, wait: c.BatchWait, ran: ran,
		jobs: make(chan *job, c.Queue), quit: make(chan struct{})}
	b.done.Go(b.work)
	return b
}

// close ends the goroutine after the batch at hand.
func (b *batcher) close() {
	close(b.quit)
	b.done.Wait()
}

// classify waits for the result of a prepared picture.
func (b *batcher) classify(ctx context.Context, p classify.Image) (classify.Result, error) {
	j := &job{ctx: ctx, picture: p, answer: make(chan answer, 1)}
	select {
	case b.jobs <- j:
	case <-ctx.Done():
		return classify.Result{}, ctx.Err()
	case <-b.quit:
		return classify.Result{}, tfgraph.ErrClosed
	}
	select {
	case a := <-j.answer:
		return a.result, a.err
	case <-ctx.Done():
		return classify.Result{}, ctx.Err()
	case <-b.quit:
		return classify.Result{}, tfgraph.ErrClosed
	}
}

// now is a time that has come.
var now = func() <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}()

func (b *batcher) work() {
	for {
		select {
		case first := <-b.jobs:
			b.run(b.gather(first))
		case <-b.quit:
			return
		}
	}
}

// gather adds to first what waits already, and what comes within the time that a
// picture may wait.
func (b *batcher) gather(first *job) []*job {
	batch := []*job{first}
	over := now
	if b.wait > 0 {
		timer := time.NewTimer(b.wait)
		defer timer.Stop()
		over = timer.C
	}
	for len(batch) < b.size {
		select {
		case j := <-b.jobs:
			batch = append(batch, j)
			continue
		default:
		}
		select {
		case j := <-b.jobs:
			batch = append(batch, j)
		case <-over:
			return batch
		case <-b.quit:
			return batch
		}
	}
	return batch
}

// run computes a batch, without those whose clients have left, until the last of
// their deadlines.
func (b *batcher) run(batch []*job) {
	batch = slices.DeleteFunc(batch, func(j *job) bool { return j.ctx.Err() != nil })
	if len(batch) == 0 {
		return
	}
	ctx, cancel := untilLast(batch)
	defer cancel()
	pictures := func(yield func(classify.Image) bool) {
		for _, j := range batch {
			if !yield(j.picture) {
				return
			}
		}
	}
	start, i := time.Now(), 0
	for result, err := range b.model.ClassifyAll(ctx, pictures) {
		batch[i].answer <- answer{result, err}
		i++
		if i < len(batch) && err != nil { // the model's: no more results follow
			for _, j := range batch[i:] {
				j.answer <- answer{err: err}
			}
			break
		}
	}
	b.ran(len(batch), time.Since(start))
}

// untilLast ends with the last deadline of the batch, or never where one has
// none.
func untilLast(batch []*job) (context.Context, context.CancelFunc) {
	var last time.Time
	for _, j := range batch {
		deadline, ok := j.ctx.Deadline()
		if !ok {
			return context.WithCancel(context.Background())
		}
		if deadline.After(last) {
			last = deadline
		}
	}
	return context.WithDeadline(context.Background(), last)
}
