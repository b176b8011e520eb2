package half

import (
	"math"
	"testing"
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
		got := float64(Float32(h))
		if math.IsNaN(want) {
			if !math.IsNaN(got) || !math.IsNaN(float64(Float32(FromFloat32(float32(got))))) {
				t.Errorf("%#04x: got %v, want NaN both ways", h, got)
			}
			continue
		}
		if got != want || math.Signbit(got) != (h>>15 == 1) {
			t.Errorf("%#04x: got %v, want %v", h, got, want)
		}
		if back := FromFloat32(float32(want)); back != h {
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
			if got := FromFloat32(v); got != want {
				t.Fatalf("%v between %#04x and %#04x: got %#04x, want %#04x", v, low, high, got, want)
			}
		}
	}
	for v, want := range map[float32]uint16{
		65504: 0x7bff, 65519.996: 0x7bff, 65520: 0x7c00, -65520: 0xfc00, math.MaxFloat32: 0x7c00,
		math.SmallestNonzeroFloat32: 0,
	} {
		if got := FromFloat32(v); got != want {
			t.Errorf("%v: got %#04x, want %#04x", v, got, want)
		}
	}
}
