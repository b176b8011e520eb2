package input

import (
	"math/bits"
	"math/rand/v2"
)

// Order returns a permutation of 0 to n-1 that depends on n, seed and epoch
// alone, whatever the version of Go: Fisher and Yates's shuffle from the last
// element down, each draw being the high 64 bits of the 128-bit product of the
// bound and the next output of PCG-DXSM, seeded with (seed, epoch), drawn again
// as long as the low 64 bits lie below 2^64 mod bound (Lemire 2019, "Fast
// random integer generation in an interval", algorithm 5), so that every
// permutation is as likely as the next. n below 1 gives none.
func Shuffled(n int, seed uint64, epoch int) []int {
	order := Sequential(max(n, 0))
	src := rand.NewPCG(seed, uint64(epoch))
	for i := len(order) - 1; i > 0; i-- {
		j := uniform(src, uint64(i)+1)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// Coin is true for half of the images, chosen by seed, epoch and place alone.
func Flip(seed uint64, epoch, place int) bool {
	src := rand.NewPCG(seed, uint64(epoch)<<32^uint64(place)^1<<63) // apart from Order's
	return src.Uint64()>>63 == 1
}

// below draws evenly from 0 to bound-1.
func uniform(src *rand.PCG, bound uint64) uint64 {
	for {
		hi, lo := bits.Mul64(src.Uint64(), bound)
		if lo >= -bound%bound {
			return hi
		}
	}
}

// InOrder is the order of n examples as they come.
func Sequential(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}
