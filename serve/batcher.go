package serve

import (
	"context"
	"slices"
	"sync"
	"time"

	"alexnet/classify"
	"alexnet/tfgraph"
)

// batcher runs images of different requests through the network in batches. One goroutine takes what is queued, up to
// size, and computes it; meanwhile the next batch gathers.
type batcher struct {
	model   *classify.Model
	size    int
	delay   time.Duration
	queue   chan *pendingImage
	closed  chan struct{}
	done    sync.WaitGroup
	observe func(images int, took time.Duration)
}

// pendingImage is a decoded image in the queue.
type pendingImage struct {
	ctx    context.Context
	image  classify.Image
	result chan outcome // with capacity 1, so that sending never blocks
}

// newBatcher starts the goroutine. The queue has room for all admitted images.
func newBatcher(model *classify.Model, c Config, ran func(int, time.Duration)) *batcher {
	b := &batcher{model: model, size: c.Batch, delay: c.BatchWait, observe: ran,
		queue: make(chan *pendingImage, c.Queue), closed: make(chan struct{})}
	b.done.Go(b.work)
	return b
}

// close stops the goroutine after the current batch.
func (b *batcher) close() {
	close(b.closed)
	b.done.Wait()
}

// classify queues a prepared image and waits for its result.
func (b *batcher) classify(ctx context.Context, p classify.Image) (classify.Result, error) {
	j := &pendingImage{ctx: ctx, image: p, result: make(chan outcome, 1)}
	select {
	case b.queue <- j:
	case <-ctx.Done():
		return classify.Result{}, ctx.Err()
	case <-b.closed:
		return classify.Result{}, tfgraph.ErrClosed
	}
	select {
	case o := <-j.result:
		return o.result, o.err
	case <-ctx.Done():
		return classify.Result{}, ctx.Err()
	case <-b.closed:
		return classify.Result{}, tfgraph.ErrClosed
	}
}

func (b *batcher) work() {
	for {
		select {
		case first := <-b.queue:
			b.run(b.gather(first))
		case <-b.closed:
			return
		}
	}
}

// gather adds the queued images to first, and those that arrive within the batching delay.
func (b *batcher) gather(first *pendingImage) []*pendingImage {
	batch := []*pendingImage{first}
	timeout := time.After(b.delay)
	for len(batch) < b.size {
		select {
		case j := <-b.queue:
			batch = append(batch, j)
			continue
		default:
		}
		select {
		case j := <-b.queue:
			batch = append(batch, j)
		case <-timeout:
			return batch
		case <-b.closed:
			return batch
		}
	}
	return batch
}

// run computes a batch, except images whose requests were canceled, with the last of their deadlines.
func (b *batcher) run(batch []*pendingImage) {
	batch = slices.DeleteFunc(batch, func(j *pendingImage) bool { return j.ctx.Err() != nil })
	if len(batch) == 0 {
		return
	}
	ctx, cancel := lastDeadline(batch)
	defer cancel()
	images := func(yield func(classify.Image) bool) {
		for _, j := range batch {
			if !yield(j.image) {
				return
			}
		}
	}
	start, i := time.Now(), 0
	for result, err := range b.model.ClassifyAll(ctx, images) {
		batch[i].result <- outcome{result, err}
		i++
		if i < len(batch) && err != nil { // an error of the model ends the results
			for _, j := range batch[i:] {
				j.result <- outcome{err: err}
			}
			break
		}
	}
	b.observe(len(batch), time.Since(start))
}

// lastDeadline returns a context with the last deadline of the batch, or without a deadline if one has none.
func lastDeadline(batch []*pendingImage) (context.Context, context.CancelFunc) {
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
