package finetune

import (
	"log/slog"

	"alexnet/alexnet"
	"alexnet/train"
)

// Watch is told how a run goes; what is nil is not called. Its functions are
// called on the goroutine that runs, which waits for them.
type Watch struct {
	train.Progress
	OnReady func(Ready)  // once, before the first picture is decoded
	Log     *slog.Logger // what a user may want to know; nil: nobody
}

// Ready says what a run is about to do.
type Ready struct {
	Plan   alexnet.Plan         // where each layer's values come from; nil when the run is resumed
	Memory train.MemoryEstimate // what it will take at most
	Events string               // folder that TensorBoard reads
}
