package featurecache

import (
	"encoding/binary"
	"math"
	"sync"
)

// toHalf rounds v to the nearest float16 (IEEE 754 binary16), ties to even. Values that round beyond 65504 become infinite.
func toHalf(v float32) uint16 {
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

// fromHalf returns the value of a float16, which is exact in float32.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15), uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0:
		return math.Float32frombits(sign<<31 | math.Float32bits(float32(fraction)*0x1p-24))
	case 31:
		exponent = 255 - 112
	}
	return math.Float32frombits(sign<<31 | (exponent+112)<<23 | fraction<<13)
}

// halves is a table of the values of all float16: 256 KiB, several times faster than computing them.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	table := new([1 << 16]float32)
	for h := range table {
		table[h] = fromHalf(uint16(h))
	}
	return table
})

// packHalves writes row to dst, of 2 bytes a value and 2 more: as float16, and the power of two that all were divided
// by so that the largest finite one fits. It is 0 for rows of values up to 65504.
func packHalves(dst []byte, row []float32) {
	var most uint32
	for _, v := range row {
		if b := math.Float32bits(v) & 0x7fffffff; b < 0x7f800000 {
			most = max(most, b)
		}
	}
	power := 0
	if most >= 0x477ff000 {
		_, power = math.Frexp(float64(math.Float32frombits(most)))
		power -= 15
	}
	scale := float32(math.Ldexp(1, -power))
	for k, v := range row {
		binary.LittleEndian.PutUint16(dst[2*k:], toHalf(v*scale))
	}
	binary.LittleEndian.PutUint16(dst[2*len(row):], uint16(power))
}

// unpackHalves reads what packHalves wrote.
func unpackHalves(row []float32, src []byte) {
	table := halves()
	for k := range row {
		row[k] = table[binary.LittleEndian.Uint16(src[2*k:])]
	}
	if power := binary.LittleEndian.Uint16(src[2*len(row):]); power != 0 {
		scale := float32(math.Ldexp(1, int(power)))
		for k := range row {
			row[k] *= scale
		}
	}
}
