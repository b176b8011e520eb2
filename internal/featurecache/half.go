package featurecache

import (
	"encoding/binary"
	"math"
	"sync"

	"alexnet/internal/half"
)

// halves is a table of the values of all float16: 256 KiB, several times faster than computing them.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	table := new([1 << 16]float32)
	for h := range table {
		table[h] = half.Float32(uint16(h))
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
		binary.LittleEndian.PutUint16(dst[2*k:], half.FromFloat32(v*scale))
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
