// Package parity compares tensors computed here with those of a reference program. Start with [Run], which runs the
// program, and [Against], which compares its results in a test.
//
// A name that is missing in the reference, a different shape, a NaN, a tolerance without a reason and a reference tensor
// that a test never compared are all failures.
package parity

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Tensor is a float32 array in C order.
type Tensor struct {
	Shape []int64
	Data  []float32
}

// Reference holds tensors under the names that the reference program gave them.
type Reference map[string]Tensor

// Tolerance bounds a difference. Zero bounds require identical bits.
type Tolerance struct {
	Max  float64 // largest difference of an element, relative to the reference's largest magnitude
	Norm float64 // Euclidean norm of the difference, relative to the reference's
	Why  string  // why this is the right bound; required
}

func (t Tolerance) exact() bool { return t.Max == 0 && t.Norm == 0 }

// Difference measures how two tensors differ.
type Difference struct {
	Max   float64 // largest difference of an element
	At    int     // where that is, in elements from the start
	Scale float64 // largest magnitude in the reference
	Norm  float64 // norm of the difference, relative to the reference's
	Bits  int     // elements whose bits differ
}

// Ratio is the largest difference divided by the scale.
func (d Difference) Ratio() float64 { return share(d.Max, d.Scale) }

func (d Difference) String() string {
	return fmt.Sprintf("max difference %.3g at element %d, scale %.3g, ratio %.3g, norm %.3g, %d elements differ in bits",
		d.Max, d.At, d.Scale, d.Ratio(), d.Norm, d.Bits)
}

// share is part/whole, where nothing of nothing is 0 and something of nothing is infinite.
func share(part, whole float64) float64 {
	if part == 0 {
		return 0
	}
	return part / whole
}

// Compare measures got against want. The error says why the two do not agree
// within t; the Difference is valid whenever the shapes agree.
func Compare(got, want Tensor, t Tolerance) (Difference, error) {
	if t.Why == "" {
		return Difference{}, errors.New("compare tensors: got a tolerance without a reason")
	}
	if err := sameShape(got, want); err != nil {
		return Difference{}, err
	}
	d := measure(got.Data, want.Data)
	switch {
	case t.exact() && d.Bits > 0:
		return d, fmt.Errorf("compare tensors: %s: want equal bits: %s", d, t.Why)
	case !t.exact() && !(d.Ratio() <= t.Max && d.Norm <= t.Norm): // so that NaN fails
		return d, fmt.Errorf("compare tensors: %s: want ratio at most %g and norm at most %g: %s", d, t.Max, t.Norm, t.Why)
	}
	return d, nil
}

func sameShape(got, want Tensor) error {
	if !slices.Equal(got.Shape, want.Shape) {
		return fmt.Errorf("compare tensors: got shape %v, want %v", got.Shape, want.Shape)
	}
	count := int64(1)
	for _, d := range want.Shape {
		count *= d
	}
	if int64(len(got.Data)) != count || int64(len(want.Data)) != count || count == 0 {
		return fmt.Errorf("compare tensors: got %d values, want %d for shape %v and at least one", len(got.Data), count, want.Shape)
	}
	return nil
}

func measure(got, want []float32) Difference {
	var d Difference
	var apart, whole float64
	for i, w := range want {
		a, b := float64(got[i]), float64(w)
		diff := math.Abs(a - b)
		if diff > d.Max || math.IsNaN(diff) && !math.IsNaN(d.Max) {
			d.Max, d.At = diff, i
		}
		d.Scale = max(d.Scale, math.Abs(b))
		apart, whole = apart+diff*diff, whole+b*b
		if math.Float32bits(got[i]) != math.Float32bits(w) {
			d.Bits++
		}
	}
	d.Norm = share(math.Sqrt(apart), math.Sqrt(whole))
	return d
}
