package input

import (
	"crypto/sha256"
	"encoding/binary"
)

// split moves to the second result the examples that fall to validation.
//
// Each image is decided on its own, by a hash of seed, class and name, so
// that adding, removing or renaming others never moves it: a image that was
// once trained on is never validated on later. The class enters the hash, so
// each class is drawn by itself and has the fraction in expectation; because
// nothing is counted, a class of n images gets n·fraction give or take
// sqrt(n·fraction·(1-fraction)), and a small class may get none.
func split(examples []Example, classes []string, seed uint64, fraction float64) (train, val []Example) {
	for _, ex := range examples {
		if hashFraction(seed, classes[ex.Label], ex.Name) < fraction {
			val = append(val, ex)
		} else {
			train = append(train, ex)
		}
	}
	return train, val
}

// share is the first 53 bits of SHA-256(seed as 8 bytes, little-endian; class;
// zero byte; name) as a fraction of 2^53. No file name holds a zero byte.
func hashFraction(seed uint64, class, name string) float64 {
	b := binary.LittleEndian.AppendUint64(nil, seed)
	b = append(b, class...)
	b = append(b, 0)
	b = append(b, name...)
	sum := sha256.Sum256(b)
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
