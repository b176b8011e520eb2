package main

import (
	"fmt"
	"math"
)

// maxLinear is the largest exponent that counts as linear: noise moves it by up to a tenth.
const maxLinear = 1.1

// exponent fits y = c * x^p by least squares on the logarithms and returns p.
// All values must be positive; with fewer than two different x it is NaN.
func exponent(x, y []float64) float64 {
	n := float64(len(x))
	var sx, sy, sxx, sxy float64
	for i := range x {
		u, v := math.Log(x[i]), math.Log(y[i])
		sx, sy, sxx, sxy = sx+u, sy+v, sxx+u*u, sxy+u*v
	}
	if d := n*sxx - sx*sx; d > 1e-12 {
		return (n*sxy - sx*sy) / d
	}
	return math.NaN()
}

// statement describes in a sentence how y grows with x.
func statement(what, with string, x, y []float64) string {
	p := exponent(x, y)
	verdict := "not super-linear"
	switch {
	case math.IsNaN(p):
		return fmt.Sprintf("%s: too few measurements to say how it grows with %s", what, with)
	case p > maxLinear:
		verdict = "SUPER-LINEAR"
	}
	return fmt.Sprintf("%s grows as %s^%.2f (least squares on logarithms): %s", what, with, p, verdict)
}
