package featurecache

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A row comes back with an error of at most half a unit in the last place: 2^-11
// of a value, or 2^-25 near zero, which grows with the row's largest value.
func TestHalfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SliceOfN(rapid.Float32Range(-0x1p127, 0x1p127), 1, 9).Draw(t, "row")
		scale := rapid.SampledFrom([]float32{1, 0x1p-100, 0x1p-115, 0x1p-140}).Draw(t, "scale")
		most := 0.
		for k := range row {
			row[k] *= scale
			most = max(most, math.Abs(float64(row[k])))
		}
		raw, got := make([]byte, Options{Half: true}.RowSize(len(row))), make([]float32, len(row))
		packHalves(raw, row)
		unpackHalves(got, raw)
		for k, v := range row {
			bound := max(math.Abs(float64(v))*0x1p-11, 0x1p-25*max(1, most*0x1p-14))
			if d := math.Abs(float64(got[k]) - float64(v)); !(d <= bound) {
				t.Fatalf("value %d of %v: got %v, an error of %v, want at most %v", k, row, got[k], d, bound)
			}
		}
	})
}

// Non-finite values are preserved and do not affect the others.
func TestHalfRowsKeepInfinities(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	row := []float32{inf, 1e6, -inf, nan, 3}
	raw, got := make([]byte, 12), make([]float32, 5)
	packHalves(raw, row)
	unpackHalves(got, raw)
	if got[0] != inf || got[2] != -inf || got[3] == got[3] || got[4] != 3 || math.Abs(float64(got[1]-1e6)) > 500 {
		t.Errorf("got %v, want about %v", got, row)
	}
}

func BenchmarkHalf(b *testing.B) {
	row := make([]float32, 9216)
	for k := range row { // as after a ReLU: every other one 0
		row[k] = max(0, float32(math.Sin(float64(k*k))*40))
	}
	raw := make([]byte, Options{Half: true}.RowSize(len(row)))
	b.Run("pack", func(b *testing.B) {
		b.SetBytes(int64(4 * len(row)))
		for b.Loop() {
			packHalves(raw, row)
		}
	})
	b.Run("unpack", func(b *testing.B) {
		b.SetBytes(int64(4 * len(row)))
		for b.Loop() {
			unpackHalves(row, raw)
		}
	})
}
