package main

import (
	"context"
	"fmt"
	"slices"
)

// lane is a worker in a race: a process that reads a number of units of work as a line and answers with the seconds
// they took.
type lane struct {
	name    string
	command []string
	count   int     // units per turn
	unit    float64 // images, GFLOP or GB per unit
}

// race interleaves the workers, each turn starting with another one, and returns the rate of each lane in each turn, in
// unit per second. The first turn warms up and is not counted.
func race(ctx context.Context, turns int, lanes ...lane) ([][]float64, error) {
	workers := make([]*process, len(lanes))
	for i, l := range lanes {
		var err error
		if workers[i], err = start(ctx, l.command); err != nil {
			return nil, fmt.Errorf("measure %s: %w", l.name, err)
		}
		defer workers[i].stop()
	}
	rates := make([][]float64, len(lanes))
	for turn := range turns + 1 {
		for k := range lanes {
			i := (turn + k) % len(lanes)
			seconds, err := workers[i].take(lanes[i].count)
			if err != nil {
				return nil, fmt.Errorf("measure %s: %w", lanes[i].name, err)
			}
			if turn > 0 {
				rates[i] = append(rates[i], float64(lanes[i].count)*lanes[i].unit/seconds)
			}
		}
	}
	return rates, nil
}

// row is a measured quantity and, if there is one to compare with, their ratio in each turn.
type row struct {
	What    string  `json:"what"`
	Unit    string  `json:"unit"`
	Ours    spread  `json:"ours"`
	Against string  `json:"against,omitempty"`
	Other   *spread `json:"other,omitempty"`
	Ratio   *spread `json:"ratio,omitempty"` // Ours / Other
}

// compare returns a row of the same turns of two lanes.
func compare(what, unit string, ours []float64, against string, other []float64) row {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / other[i]
	}
	o, r := spreadOf(other), spreadOf(ratios)
	return row{What: what, Unit: unit, Ours: spreadOf(ours), Against: against, Other: &o, Ratio: &r}
}

// spread summarizes repeated measurements.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// spreadOf summarizes at least one value.
func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	return spread{Min: v[0], Median: (v[(len(v)-1)/2] + v[len(v)/2]) / 2, Max: v[len(v)-1]}
}

// String formats the minimum, median and maximum: 0.98 / 1.05 / 1.19.
func (s spread) String() string {
	return fmt.Sprintf("%s / %s / %s", short(s.Min), short(s.Median), short(s.Max))
}

// short writes v with two decimals, or none from 20 on.
func short(v float64) string {
	if v >= 20 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
