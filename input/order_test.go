package input

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The expected values come from an independent implementation of the
// documented algorithm on arbitrary-precision integers.
func TestOrderGolden(t *testing.T) {
	tests := []struct {
		seed  uint64
		epoch int
		want  []int
	}{
		{1, 0, []int{7, 6, 1, 3, 2, 4, 8, 9, 0, 5}},
		{1, 1, []int{2, 5, 8, 3, 4, 1, 7, 6, 0, 9}},
		{7, 3, []int{1, 6, 0, 4, 3, 9, 5, 2, 7, 8}},
	}
	for _, tt := range tests {
		if got := examplesOf(Shuffled(10, tt.seed, tt.epoch)); !slices.Equal(got, tt.want) {
			t.Errorf("seed %d, epoch %d: got %v, want %v", tt.seed, tt.epoch, got, tt.want)
		}
	}
	text := strings.ReplaceAll(fmt.Sprint(examplesOf(Shuffled(100_000, 42, 5))), " ", ", ")
	sum := sha256.Sum256([]byte(text))
	if got := hex.EncodeToString(sum[:8]); got != "7b625e93a60285d5" {
		t.Errorf("100,000 elements: got sum %s", got)
	}
}

func TestOrderIsPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-1, 300).Draw(t, "n")
		order := examplesOf(Shuffled(n, rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 1000).Draw(t, "epoch")))
		slices.Sort(order)
		if len(order) != max(n, 0) {
			t.Fatalf("got %d elements, want %d", len(order), n)
		}
		for i, v := range order {
			if v != i {
				t.Fatalf("got %d at %d of the sorted order", v, i)
			}
		}
	})
}

func examplesOf(order []Pick) []int {
	examples := make([]int, len(order))
	for i, p := range order {
		examples[i] = p.Example
	}
	return examples
}

// picks are the plain images of some examples.
func picks(examples ...int) []Pick {
	order := make([]Pick, len(examples))
	for i, ex := range examples {
		order[i].Example = ex
	}
	return order
}

// A bound of three quarters of 2^64 rejects every fourth output, which the
// sizes of datasets practically never do.
func TestBelowDrawsAgain(t *testing.T) {
	src := rand.NewPCG(1, 2)
	for i, want := range []uint64{11020959910021828915, 6916308158255570394, 6217252038205842346, 1837286561611809330} {
		if got := uniform(src, 3<<62); got != want {
			t.Errorf("draw %d: got %d, want %d", i, got, want)
		}
	}
}

func TestFlipDrawIsFair(t *testing.T) {
	for _, seed := range []uint64{0, 1, 1 << 63} {
		flips, changed := 0, 0
		for i := range 10_000 {
			if FlipDraw(seed, 3, i) == Flipped {
				flips++
			}
			if FlipDraw(seed, 3, i) != FlipDraw(seed, 4, i) {
				changed++
			}
		}
		for _, n := range []int{flips, changed} { // 4 standard deviations
			if n < 4800 || n > 5200 {
				t.Errorf("seed %d: got %d flips and %d changes to the next epoch in 10,000, want about half", seed, flips, changed)
			}
		}
	}
}
