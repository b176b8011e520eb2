package train

import "alexnet/checkpoint"

// position is where a run stands; it is saved with every checkpoint. The order of
// images, their augmentation and the dropout masks follow from it and the seed.
type position struct {
	Epoch, Index int // epochs done, images of the running one used
	Step         int64
	Skipped      int64 // steps whose update was skipped as it was not finite
	Lowered      int   // times that the learning rate was lowered
	sum          metricSum
	display      metricSum // since the last point of the training curves
}

// advance moves past a step on a number of images.
func (p *position) advance(images int, r stepResult) {
	p.Step++
	p.Index += images
	p.sum.add(images, r)
	p.display.add(images, r)
}

func (p *position) nextEpoch() { p.Epoch, p.Index, p.sum = p.Epoch+1, 0, metricSum{} }

func positionOf(m checkpoint.Meta) position {
	return position{Epoch: m.Epoch, Index: m.Index, Step: m.Step, Skipped: m.Skipped, Lowered: m.Lowered,
		sum: metricSumOf(m.Partial), display: metricSumOf(m.Display)}
}

// describe writes the position into a checkpoint's description.
func (p position) describe(m *checkpoint.Meta) {
	m.Epoch, m.Index, m.Step, m.Skipped, m.Lowered = p.Epoch, p.Index, p.Step, p.Skipped, p.Lowered
	m.Partial, m.Display = p.sum.partial(), p.display.partial()
	m.Name = checkpoint.Name(p.Epoch, p.Index, p.Step)
}

// metricSum adds up losses and correct predictions over images. Skipped steps do not count.
type metricSum struct {
	loss    float64
	correct int
	count   int
}

func (m *metricSum) add(images int, r stepResult) {
	if !r.finite() {
		return
	}
	m.loss += r.loss * float64(images)
	m.correct += r.correct
	m.count += images
}

func (m metricSum) means() (loss, accuracy float64) {
	return m.loss / float64(m.count), float64(m.correct) / float64(m.count)
}

// partial is m as a checkpoint stores it, nil where it is empty.
func (m metricSum) partial() *checkpoint.Partial {
	if m.count == 0 {
		return nil
	}
	return &checkpoint.Partial{Loss: m.loss, Correct: m.correct, Count: m.count}
}

func metricSumOf(p *checkpoint.Partial) metricSum {
	if p == nil {
		return metricSum{}
	}
	return metricSum{loss: p.Loss, correct: p.Correct, count: p.Count}
}
