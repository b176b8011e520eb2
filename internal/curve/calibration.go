package curve

import "math"

// Bin holds the images whose confidence, the probability of the predicted class, falls into one interval.
type Bin struct {
	From, To   float64 // the interval, open below and closed above
	Count      int
	Confidence float64 // mean; NaN if Count is 0
	Accuracy   float64 // fraction predicted correctly; NaN if Count is 0
}

// Calibration measures how well probabilities match accuracy.
type Calibration struct {
	Bins  []Bin
	ECE   float64 // expected calibration error: |accuracy - confidence| of the bins, weighted by images
	Brier float64 // mean squared distance of the probabilities from the one-hot label, 0 to 2 (Brier 1950)
}

// Calibrate measures probabilities, a row for each image and a column for each class, in bins of equal width (Guo et al.
// 2017, section 2). Labels are columns. Of equal probabilities the lowest class is predicted. Without images, or with a NaN
// among the probabilities, ECE and Brier are NaN.
func Calibrate(probabilities [][]float32, labels []int, bins int) Calibration {
	c := Calibration{Bins: make([]Bin, bins)}
	for i := range c.Bins {
		c.Bins[i].From, c.Bins[i].To = share(i, bins), share(i+1, bins)
	}
	for i, row := range probabilities {
		first := 0
		for k, p := range row {
			if p > row[first] {
				first = k
			}
		}
		c.add(float64(row[first]), first == labels[i])
		c.Brier += distance(row, labels[i])
	}
	c.Brier /= float64(len(probabilities))
	c.finish(len(probabilities))
	return c
}

func (c *Calibration) add(confidence float64, right bool) {
	at := 0
	if confidence > 0 { // NaN is not
		at = min(max(int(math.Ceil(confidence*float64(len(c.Bins))))-1, 0), len(c.Bins)-1)
	}
	b := &c.Bins[at]
	b.Count++
	b.Confidence += confidence
	if right {
		b.Accuracy++
	}
}

// finish turns sums into means.
func (c *Calibration) finish(images int) {
	for i := range c.Bins {
		b := &c.Bins[i]
		b.Confidence /= float64(b.Count)
		b.Accuracy /= float64(b.Count)
		if b.Count > 0 {
			c.ECE += share(b.Count, images) * math.Abs(b.Accuracy-b.Confidence)
		}
	}
	if images == 0 {
		c.ECE = math.NaN()
	}
}

func distance(row []float32, label int) float64 {
	sum := 0.0
	for k, p := range row {
		d := float64(p)
		if k == label {
			d--
		}
		sum += d * d
	}
	return sum
}
