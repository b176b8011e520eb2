package input

import (
	"math/bits"
	"math/rand/v2"
)

// Pick is an image to decode: an example with a random draw of its augmentation.
type Pick struct {
	Example int    // index into the examples
	Draw    uint64 // 0: not augmented, Flipped: flipped horizontally
}

// Flipped is the draw of an image that is flipped horizontally.
const Flipped uint64 = 1

// Shuffled returns each of n examples once, with draw 0, in an order that depends only on n, seed and epoch, for any
// version of Go: a Fisher-Yates shuffle from the last element down. Each random number is the high 64 bits of the
// 128-bit product of the bound and the next output of PCG-DXSM, seeded with (seed, epoch), rejected while the low 64
// bits are below 2^64 mod bound (Lemire 2019, "Fast random integer generation in an interval", algorithm 5), so that
// all permutations are equally likely.
func Shuffled(n int, seed uint64, epoch int) []Pick {
	order := Sequential(max(n, 0))
	src := rand.NewPCG(seed, uint64(epoch))
	for i := len(order) - 1; i > 0; i-- {
		j := uniform(src, uint64(i)+1)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// FlipDraw returns the draw of an example in an epoch for random horizontal flips: 0 or
// Flipped, each with probability 1/2, a function of seed, epoch and example.
func FlipDraw(seed uint64, epoch, example int) uint64 {
	src := rand.NewPCG(seed, uint64(epoch)<<32^uint64(example)^1<<63) // differs from the streams of Shuffled
	return src.Uint64() >> 63
}

// uniform returns a uniformly distributed number from 0 to bound-1.
func uniform(src *rand.PCG, bound uint64) uint64 {
	for {
		hi, lo := bits.Mul64(src.Uint64(), bound)
		if lo >= -bound%bound {
			return hi
		}
	}
}

// Sequential returns each of n examples once, with draw 0, in the dataset's order.
func Sequential(n int) []Pick {
	order := make([]Pick, n)
	for i := range order {
		order[i].Example = i
	}
	return order
}
