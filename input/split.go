package input

import (
	"crypto/sha256"
	"encoding/binary"
)

// split moves examples to the validation split.
//
// A hash of seed, class and name decides each image independently, so that adding, removing or renaming other images
// does not move it between the splits. Because the class is part of the hash, the split is stratified in expectation:
// of a class with n images, n·fraction ± sqrt(n·fraction·(1-fraction)) are held out, possibly none of a small class. If
// all are, the image with the largest hash stays in training.
func split(examples []Example, classes []string, seed uint64, fraction float64) (train, val []Example) {
	hashes := make([]float64, len(examples))
	last := map[int]int{} // by label: the example with the largest hash
	for i, ex := range examples {
		hashes[i] = hashFraction(seed, classes[ex.Label], ex.Name)
		if best, ok := last[ex.Label]; !ok || hashes[i] > hashes[best] {
			last[ex.Label] = i
		}
	}
	for i, ex := range examples {
		if hashes[i] < fraction && last[ex.Label] != i {
			val = append(val, ex)
		} else {
			train = append(train, ex)
		}
	}
	return train, val
}

// hashFraction is the first 53 bits of SHA-256(seed as 8 bytes, little-endian; class;
// zero byte; name) as a fraction of 2^53. File names cannot contain a zero byte.
func hashFraction(seed uint64, class, name string) float64 {
	b := binary.LittleEndian.AppendUint64(nil, seed)
	b = append(b, class...)
	b = append(b, 0)
	b = append(b, name...)
	sum := sha256.Sum256(b)
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
