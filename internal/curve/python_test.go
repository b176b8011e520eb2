package curve_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"alexnet/internal/curve"
	"alexnet/internal/parity"
)

// scored is a case of scripts/reference/curves.py.
type scored struct {
	Name          string      `json:"name"`
	Probabilities [][]float32 `json:"probabilities"`
	Labels        []int       `json:"labels"`
	Bins          int         `json:"bins"`
}

// drawn has probabilities in steps, so that many are equal; every class has images.
func drawn(classes, images, steps int, seed uint64) scored {
	random := rand.New(rand.NewPCG(seed, 3))
	s := scored{Name: fmt.Sprintf("%d classes", classes), Bins: 10}
	for i := range images {
		row := make([]float32, classes)
		for range steps {
			row[random.IntN(classes)] += 1 / float32(steps)
		}
		s.Probabilities, s.Labels = append(s.Probabilities, row), append(s.Labels, i%classes)
	}
	return s
}

func TestCurvesAgree(t *testing.T) {
	cases := []scored{drawn(2, 60, 50, 1), drawn(5, 200, 40, 2), drawn(30, 300, 64, 3)}
	reference := parity.Run(t, "scripts/reference/curves.py", map[string]any{"cases": cases})
	tolerance := parity.Tolerance{Max: 1e-6, Norm: 1e-6, Why: "float64 sums in another order, kept as float32"}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			cmp := parity.Against(t, reference, c.Name+"/")
			var average, area []float32
			for class := range c.Probabilities[0] {
				var scores []float32
				var positive []bool
				for i, row := range c.Probabilities {
					scores, positive = append(scores, row[class]), append(positive, c.Labels[i] == class)
				}
				average = append(average, float32(curve.PrecisionRecall(scores, positive).Area))
				area = append(area, float32(curve.ROC(scores, positive).Area))
			}
			shape := []int64{int64(len(area))}
			cmp.Check("average_precision", parity.Tensor{Shape: shape, Data: average}, tolerance)
			cmp.Check("auc", parity.Tensor{Shape: shape, Data: area}, tolerance)
			found := curve.Calibrate(c.Probabilities, c.Labels, c.Bins)
			cmp.Check("ece", parity.Tensor{Data: []float32{float32(found.ECE)}}, tolerance)
			cmp.Check("brier", parity.Tensor{Data: []float32{float32(found.Brier)}}, tolerance)
		})
	}
}
