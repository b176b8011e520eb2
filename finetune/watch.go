package finetune

import (
	"log/slog"
	"os"

	"alexnet/alexnet"
	"alexnet/train"
)

// Watch hears how a run goes; nil functions are not called. They are called on the
// goroutine that trains, which waits for them.
type Watch struct {
	OnReady func(Ready)               // once, before the first image is decoded
	OnCache func(train.CacheProgress) // features of frozen layers are computed
	OnStep  func(train.StepResult)
	OnEpoch func(train.EpochResult)
	Log     *slog.Logger // nil: none

	Terminal *os.File // where pip shows the progress of a download; nil: nowhere
}

// Note implements train.Observer.
func (b *dashboards) Note(text string) { b.log.Warn(text) }

// Cache implements train.Observer.
func (b *dashboards) Cache(p train.CacheProgress) { call(b.watch.OnCache, p) }

// Step implements train.Observer.
func (b *dashboards) Step(r train.StepResult) { call(b.watch.OnStep, r) }

// Epoch implements train.Observer.
func (b *dashboards) Epoch(r train.EpochResult) { call(b.watch.OnEpoch, r) }

func call[T any](f func(T), v T) {
	if f != nil {
		f(v)
	}
}

// Ready says what a run is about to do.
type Ready struct {
	Plan   alexnet.Plan         // where each layer's values come from; nil when the run is resumed
	Memory train.MemoryEstimate // what it will take at most
	Events string               // folder that TensorBoard reads
}
