package hostile

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Picture is a file that claims to be a picture.
type Picture struct {
	Name    string // unique, and says what was done; its extension may lie
	Encoded []byte
	Whole   bool // nothing was done to it
}

// Pictures gives count pictures: first every bomb and a whole picture of every
// kind, then mutations of these.
func Pictures(count int, seed uint64) []Picture {
	random := rand.New(rand.NewPCG(seed, 1))
	sound := wholes(random)
	var all []Picture
	add := func(what, format string, encoded []byte, whole bool) {
		name := fmt.Sprintf("%04d %s.%s", len(all), strings.ReplaceAll(what, " ", "-"), extension(random, format))
		all = append(all, Picture{name, encoded, whole})
	}
	bad := bombs()
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		add(name, "jpeg", bad[name], false)
	}
	for _, w := range sound {
		add("whole "+w.format, w.format, w.encoded, true)
	}
	for i := 0; len(all) < count; i++ {
		w, other, m := sound[i%len(sound)], sound[random.IntN(len(sound))], mutations[random.IntN(len(mutations))]
		encoded := m.do(random, bytes.Clone(w.encoded), other.encoded)
		if random.IntN(2) == 0 {
			encoded = mend(encoded)
		}
		add(m.name+" "+w.format, w.format, encoded, false)
	}
	return all[:count]
}

// extension is that of the format, or once in four any other.
func extension(random *rand.Rand, format string) string {
	all := []string{"jpg", "png", "gif", "bmp", "webp", "tif", "JPEG", "txt"}
	if random.IntN(4) == 0 {
		return all[random.IntN(len(all))]
	}
	return format
}
