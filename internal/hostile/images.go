package hostile

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Image is a file that claims to be an image.
type Image struct {
	Name    string // unique, and names the mutation; its extension may be wrong
	Encoded []byte
	Valid   bool // not mutated
}

// Images returns count images: first every bomb and every valid image, then mutations of valid images.
func Images(count int, seed uint64) []Image {
	random := rand.New(rand.NewPCG(seed, 1))
	valid := validImages(random)
	var all []Image
	add := func(what, format string, encoded []byte, valid bool) {
		name := fmt.Sprintf("%04d %s.%s", len(all), strings.ReplaceAll(what, " ", "-"), extension(random, format))
		all = append(all, Image{name, encoded, valid})
	}
	bad := bombs()
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		add(name, "jpeg", bad[name], false)
	}
	for _, w := range valid {
		add("valid "+w.format, w.format, w.encoded, true)
	}
	for i := 0; len(all) < count; i++ {
		w, other, m := valid[i%len(valid)], valid[random.IntN(len(valid))], mutations[random.IntN(len(mutations))]
		encoded := m.do(random, bytes.Clone(w.encoded), other.encoded)
		if random.IntN(2) == 0 {
			encoded = fixChecksums(encoded)
		}
		add(m.name+" "+w.format, w.format, encoded, false)
	}
	return all[:count]
}

// extension returns the extension of the format or, one time in four, a random one.
func extension(random *rand.Rand, format string) string {
	all := []string{"jpg", "png", "gif", "bmp", "webp", "tif", "JPEG", "txt"}
	if random.IntN(4) == 0 {
		return all[random.IntN(len(all))]
	}
	return format
}
