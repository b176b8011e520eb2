package main

import "math"

// variable describes one variable.
type variable struct {
	Name        string  `json:"name"`
	DType       string  `json:"dtype"` // as in the file
	Shape       []int64 `json:"shape"`
	Parameters  int64   `json:"parameters"` // elements
	*valueStats         // nil if the values are not float32
	bytes       int64
}

// valueStats summarizes finite values; non-finite ones are only counted.
type valueStats struct {
	Min       float64 `json:"min"`
	Mean      float64 `json:"mean"`
	Max       float64 `json:"max"`
	NonFinite int     `json:"non_finite"`
}

// computeStats accumulates in float64: float32 cannot hold the sum of millions of values. It returns nil for no
// values.
func computeStats(values []float32) *valueStats {
	if len(values) == 0 {
		return nil
	}
	r := valueStats{Min: math.Inf(1), Max: math.Inf(-1)}
	sum, count := 0.0, 0
	for _, v := range values {
		x := float64(v)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			r.NonFinite++
			continue
		}
		r.Min, r.Max = min(r.Min, x), max(r.Max, x)
		sum += x
		count++
	}
	if count == 0 {
		return &valueStats{NonFinite: r.NonFinite}
	}
	r.Mean = sum / float64(count)
	return &r
}
