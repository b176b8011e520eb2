package main

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"alexnet/input"
	"alexnet/internal/caption"
)

// digest is of all names and bytes in a folder.
func digest(t *testing.T, dir string) [sha256.Size]byte {
	t.Helper()
	h := sha256.New()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		h.Write([]byte(path))
		h.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func TestSeedDecides(t *testing.T) {
	draw := func(seed uint64) [sha256.Size]byte {
		dir := filepath.Join(t.TempDir(), "new")
		if err := drawAll(dir, seed, 3); err != nil {
			t.Fatal(err)
		}
		return digest(t, dir)
	}
	one := draw(1)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if draw(1) != one {
		t.Error("seed 1 drew different images the second time")
	}
	if draw(2) == one {
		t.Error("seed 2 drew the same images as seed 1")
	}
}

func TestDataset(t *testing.T) {
	if testing.Short() {
		t.Skip("draws the whole dataset; run without -short")
	}
	dir := t.TempDir()
	if err := drawAll(dir, 1, 16); err != nil {
		t.Fatal(err)
	}
	data, err := input.Open(dir, input.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(data.Classes, " "); got != "rings stripes" || len(data.Train) != 32 || len(data.Val) != 12 || len(data.Excluded) > 0 {
		t.Errorf("got classes %s, %d training and %d validation images, excluded %v; want rings stripes, 32, 12, none",
			got, len(data.Train), len(data.Val), data.Excluded)
	}
	formats, rotated := map[input.Format]int{}, 0
	for _, ex := range data.Train {
		formats[ex.Format]++
		if ex.Orientation > 1 {
			rotated++
		}
		if short, long := min(ex.Width, ex.Height), max(ex.Width, ex.Height); short < 100 || long > 600 {
			t.Errorf("%s: got %dx%d, want sides of 100 to 600", ex.Name, ex.Width, ex.Height)
		}
	}
	if formats[input.JPEG] == 0 || formats[input.PNG] == 0 || rotated == 0 {
		t.Errorf("got %v, %d of them rotated, want some of each", formats, rotated)
	}
	if err := drawAll(dir, 1, 1); err == nil || !strings.Contains(err.Error(), `got a folder that holds "train"`) {
		t.Errorf("drawing there again: got %v, want a refusal", err)
	}
}

// A viewer that applies the orientation shows the image as it was drawn.
func TestOrientations(t *testing.T) {
	upright := image.NewNRGBA(image.Rect(0, 0, 5, 3))
	for i := range upright.Pix {
		upright.Pix[i] = uint8(16*i) | 1
		if i%4 == 3 {
			upright.Pix[i] = 255
		}
	}
	for orientation := 1; orientation <= 8; orientation++ {
		var b bytes.Buffer
		if err := png.Encode(&b, turn(upright, orientation)); err != nil {
			t.Fatal(err)
		}
		shown, err := caption.Decode(b.Bytes(), orientation)
		if err != nil || shown.Rect != upright.Rect || !bytes.Equal(shown.Pix, upright.Pix) {
			t.Errorf("orientation %d: got a different image, %v", orientation, err)
		}
		s := &scene{orientation: orientation, rng: identity{}.rng()}
		encoded, _, err := s.encode(upright)
		if err != nil {
			t.Fatal(err)
		}
		h, err := input.Check(bytes.NewReader(encoded), int64(len(encoded)), input.Limits{})
		if err != nil || h.Orientation != orientation {
			t.Errorf("got %v, %v, want orientation %d", h, err, orientation)
		}
	}
}

// means returns an image's mean red, green and blue.
func means(img *image.NRGBA) (m [3]float64) {
	for i, v := range img.Pix {
		if i%4 < 3 {
			m[i%4] += float64(v)
		}
	}
	for i := range m {
		m[i] /= float64(len(img.Pix) / 4)
	}
	return m
}

// The mean color must not predict the class, or training on these images would prove nothing.
func TestMeanColorDoesNotSeparate(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 240 images, which takes a minute under the race detector")
	}
	const count = 60
	var splits [2][][3]float64 // by split, classes alternating
	for split := range splits {
		for i := range 2 * count {
			s := newScene(identity{seed: 1, split: split, class: i % 2, number: i / 2})
			splits[split] = append(splits[split], means(s.draw(classes[i%2].pattern)))
		}
	}
	for channel, name := range []string{"red", "green", "blue"} {
		threshold, above := best(splits[0], channel)
		if got := accuracy(splits[1], channel, threshold, above); got > 0.65 {
			t.Errorf("%s: got accuracy %.2f by %s above %.0f, want at most 0.65", name, got, name, threshold)
		}
	}
}

// best returns the threshold that separates the classes best, and the class above it.
func best(images [][3]float64, channel int) (threshold float64, above int) {
	most := -1.0
	for _, p := range images {
		for class := range 2 {
			if a := accuracy(images, channel, p[channel], class); a > most {
				most, threshold, above = a, p[channel], class
			}
		}
	}
	return threshold, above
}

func accuracy(images [][3]float64, channel int, threshold float64, above int) float64 {
	right := 0
	for i, p := range images {
		if (p[channel] > threshold) == (i%2 == above) {
			right++
		}
	}
	return float64(right) / float64(len(images))
}

func TestColorsStayInRange(t *testing.T) {
	for v, want := range map[float64]uint8{-5: 0, 0.4: 0, 127.5: 128, 300: 255} {
		if got := level(v); got != want {
			t.Errorf("%g: got %d, want %d", v, got, want)
		}
	}
	if got := mix([3]float64{0, 0, 100}, [3]float64{10, 20, 0}, 0.5); got != [3]float64{5, 10, 50} {
		t.Errorf("got %v, want the middle", got)
	}
}
