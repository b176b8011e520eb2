// Package half converts between float32 and float16 (IEEE 754 binary16). Start with [FromFloat32] and [Float32].
package half

import "math"

// FromFloat32 rounds v to the nearest float16, ties to even. Values that round beyond 65504 become infinite.
func FromFloat32(v float32) uint16 {
	b := math.Float32bits(v)
	sign, b := uint16(b>>16)&0x8000, b&0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00 // non-finite
	case b >= 0x477ff000: // 65520
		return sign | 0x7c00
	case b < 0x38800000: // 2^-14: below it halves lie 2^-24 apart, as floats do from 0.5 on
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+.5)-0x3f000000)
	}
	return sign | uint16((b-112<<23+0xfff+b>>13&1)>>13)
}

// Float32 returns the value of a float16, which is exact in float32, NaN's bits included.
func Float32(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15), uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0:
		return math.Float32frombits(sign<<31 | math.Float32bits(float32(fraction)*0x1p-24))
	case 31:
		exponent = 255 - 112
	}
	return math.Float32frombits(sign<<31 | (exponent+112)<<23 | fraction<<13)
}
