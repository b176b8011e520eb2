package featurecache

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// value is a float16's, by the definition in IEEE 754, section 3.4.
func value(h uint16) float64 {
	exponent, fraction := int(h>>10&31), float64(h&1023)
	v := math.Ldexp(1+fraction/1024, exponent-15)
	switch {
	case exponent == 0:
		v = math.Ldexp(fraction/1024, -14)
	case exponent == 31 && fraction == 0:
		v = math.Inf(1)
	case exponent == 31:
		v = math.NaN()
	}
	if h>>15 == 1 {
		v = -v
	}
	return v
}

func TestEveryHalf(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		want := value(h)
		got := float64(halves()[h])
		if math.IsNaN(want) {
			if !math.IsNaN(got) || !math.IsNaN(float64(fromHalf(toHalf(float32(got))))) {
				t.Errorf("%#04x: got %v, want NaN both ways", h, got)
			}
			continue
		}
		if got != want || math.Signbit(got) != (h>>15 == 1) {
			t.Errorf("%#04x: got %v, want %v", h, got, want)
		}
		if back := toHalf(float32(want)); back != h {
			t.Errorf("%v: got %#04x, want %#04x", want, back, h)
		}
	}
}

// Values round to the nearest, ties to even.
func TestHalfRounds(t *testing.T) {
	for low := range uint16(0x7bff) {
		high := low + 1
		middle := float32((value(low) + value(high)) / 2)
		even := low + low&1
		for v, want := range map[float32]uint16{
			math.Nextafter32(middle, 0):   low,
			middle:                        even,
			math.Nextafter32(middle, 1e9): high,
			-middle:                       even | 0x8000,
			math.Nextafter32(float32(value(high)), 0):   high,
			math.Nextafter32(float32(value(low)), 1e9):  low,
			-math.Nextafter32(float32(value(low)), 1e9): low | 0x8000,
		} {
			if got := toHalf(v); got != want {
				t.Fatalf("%v between %#04x and %#04x: got %#04x, want %#04x", v, low, high, got, want)
			}
		}
	}
	for v, want := range map[float32]uint16{
		65504: 0x7bff, 65519.996: 0x7bff, 65520: 0x7c00, -65520: 0xfc00, math.MaxFloat32: 0x7c00,
		math.SmallestNonzeroFloat32: 0,
	} {
		if got := toHalf(v); got != want {
			t.Errorf("%v: got %#04x, want %#04x", v, got, want)
		}
	}
}

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
