package train

import (
	"cmp"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/internal/featurecache"
	"alexnet/ops"
)

// MemoryEstimate is the peak memory of a run, in bytes. Each part is an upper bound, so that the total is one.
type MemoryEstimate struct {
	Program      int64 // TensorFlow, Go, and their allocators' reserves
	Variables    int64 // the network's
	Slots        int64 // the optimizer's state
	Gradients    int64 // of all trained variables
	Accumulators int64 // of the micro-batches' gradients; 0 where a batch is computed at once
	Activations  int64 // of a micro-batch; in the backward pass gradients take their places
	Images       int64 // decoded: in use and ahead
	Features     int64 // cached in memory, and those of a micro-batch
}

// Total is the peak of resident memory.
func (f MemoryEstimate) Total() int64 {
	return f.Program + f.Variables + f.Slots + f.Gradients + f.Accumulators + f.Activations + f.Images + f.Features
}

const (
	programBytes = 512 << 20
	// forwardLive are the activations, each counted as the largest, that exist at
	// once in a forward pass without gradients: a norm and its inputs.
	forwardLive = 6
)

// EstimateMemory estimates the memory of a run of the job. It adds nothing to the
// graph, and has to come before Prepare, whose backward pass it would count.
//
// With P variables' bytes, T those of the trained ones, m the images computed at once and A the bytes of all outputs
// from the first layer computed to the loss for one image, it is P + slots*T + T + (T, in micro-batches) + m*A, with
// decoded images, cached features and the program itself.
func EstimateMemory(cfg Config, job Job) MemoryEstimate {
	n := job.Network
	size := cfg.microBatch(n)
	trained := bytesOf(n.Trainable)
	f := MemoryEstimate{
		Program: programBytes, Variables: bytesOf(n.Variables), Gradients: trained,
		Slots: int64(ops.SlotCount(cfg.Optimizer)) * trained,
	}
	if size < cfg.Batch {
		f.Accumulators = trained
	}
	if cfg.ClipNorm > 0 {
		f.Gradients += trained // the clipped ones
	}
	feed := n.Head.Images
	f.Images = job.Data.imageBytes(n.Head.Images, size)
	if n.Boundary.Op != nil {
		feed = n.Boundary
		f.Images = job.Data.imageBytes(n.Head.Images, featureGroup)
		f.Features = rowBytes(feed)*int64(size) + job.cacheBytes(cfg.Augment.draws())
	}
	all, _ := forward(feed)
	_, largest := forward(n.Head.Images)
	f.Activations = max(int64(size)*all, featureGroup*forwardLive*largest)
	return f
}

func bytesOf(vars []ops.Variable) (n int64) {
	for _, v := range vars {
		n += 4 * v.Elements()
	}
	return n
}

// imageBytes are those of the decoded batches that a loader has being prepared, and of the one in use.
func (d Dataset) imageBytes(images tf.Output, batch int) int64 {
	if d.Train == nil {
		return 0
	}
	return int64(d.Train.Ahead+1) * int64(batch) * rowBytes(images)
}

// cacheBytes are those of the features cached in memory: all or none.
func (j Job) cacheBytes(draws int) int64 {
	if j.Cache.Off || j.Cache.Dir != "" {
		return 0
	}
	rows := 0
	if l := j.Data.Train; l != nil {
		rows += draws * len(l.Examples)
	}
	if l := j.Data.Val; l != nil {
		rows += len(l.Examples)
	}
	row := featurecache.Options{Half: j.Cache.Half}.RowSize(int(rowBytes(j.Network.Boundary) / 4))
	if int64(rows)*row > cmp.Or(j.Cache.Budget, defaultBudget) {
		return 0
	}
	return int64(rows) * row
}

// forward follows the graph from x: the bytes that one image takes in all outputs together, and in the largest.
func forward(x tf.Output) (all, largest int64) {
	if x.Op == nil {
		return 0, 0
	}
	seen := map[string]bool{}
	next := []tf.Output{x}
	for len(next) > 0 {
		from := next[0]
		next = next[1:]
		for _, c := range from.Consumers() {
			if seen[c.Op.Name()] {
				continue
			}
			seen[c.Op.Name()] = true
			for i := range c.Op.NumOutputs() {
				y := c.Op.Output(i)
				next = append(next, y)
				all, largest = all+rowBytes(y), max(largest, rowBytes(y))
			}
		}
	}
	return all, largest
}

// rowBytes are those of x for one image: 0 where x is not one row per image.
func rowBytes(x tf.Output) int64 {
	shape, err := x.Shape().ToSlice()
	if err != nil || len(shape) == 0 || shape[0] >= 0 {
		return 0
	}
	n := int64(4)
	switch x.DataType() {
	case tf.Bool:
		n = 1
	case tf.Bfloat16, tf.Half:
		n = 2
	case tf.Int64, tf.Double:
		n = 8
	}
	for _, d := range shape[1:] {
		n *= max(d, 1)
	}
	return n
}
