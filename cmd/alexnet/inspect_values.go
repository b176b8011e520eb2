package main

import "math"

// variable is one array of numbers.
type variable struct {
	Name        string  `json:"name"`
	DType       string  `json:"dtype"` // as in the file
	Shape       []int64 `json:"shape"`
	Parameters  int64   `json:"parameters"` // elements
	*valueStats         // none where the values are not float32
	bytes       int64
}

// spread is what values lie between. Those that are not finite are counted and
// take no part in the others.
type valueStats struct {
	Min       float64 `json:"min"`
	Mean      float64 `json:"mean"`
	Max       float64 `json:"max"`
	NonFinite int     `json:"not_finite"`
}

// spreadOf adds up in float64: the mean of millions of float32 is not to be had
// in float32. It is nil where no value is finite and none is not.
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
