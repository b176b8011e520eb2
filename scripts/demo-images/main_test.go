package main

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

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
		if err := drawAll(dir, seed, 1, classes); err != nil {
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
	chosen, err := parseClasses("rings,stripes")
	if err != nil {
		t.Fatal(err)
	}
	if err := drawAll(dir, 1, 16, chosen); err != nil {
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
	if err := drawAll(dir, 1, 1, chosen); err == nil || !strings.Contains(err.Error(), `got a folder that holds "train"`) {
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

// binsPerChannel is the resolution of a histogram.
const binsPerChannel = 16

// histogram is the distribution of an image's red, green and blue values: what a model sees that knows colors alone. The
// last value is 1, for the model's bias.
func histogram(img *image.NRGBA) []float64 {
	h := make([]float64, 3*binsPerChannel+1)
	for i, v := range img.Pix {
		if i%4 < 3 {
			h[i%4*binsPerChannel+int(v)*binsPerChannel/256] += 4 / float64(len(img.Pix))
		}
	}
	h[3*binsPerChannel] = 1
	return h
}

// Colors must not predict the class, or training on these images would prove nothing: a linear model of color histograms,
// fitted to the training images, classifies fewer than 60 % of the validation images.
func TestColorsDoNotSeparate(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 320 images, which takes a minute under the race detector")
	}
	var images [2][][]float64 // by split, classes in turn
	for split, count := range []int{24, 16} {
		images[split] = make([][]float64, count*len(classes))
		var g errgroup.Group
		g.SetLimit(runtime.GOMAXPROCS(0))
		for i := range images[split] {
			class := i % len(classes)
			g.Go(func() error {
				s := newScene(identity{seed: 1, split: split, class: class, number: i / len(classes)})
				images[split][i] = histogram(s.draw(classes[class].pattern))
				return nil
			})
		}
		_ = g.Wait() // never fails
	}
	model := fit(images[0])
	if got := model.accuracy(images[0]); got < 0.3 {
		t.Errorf("got accuracy %.2f on the images fitted to, want at least 0.30: the model does not learn", got)
	}
	got := model.accuracy(images[1])
	t.Logf("accuracy of colors alone: %.3f", got)
	if got > 0.6 {
		t.Errorf("got accuracy %.2f by colors alone, want at most 0.60", got)
	}
}

// linear holds the weights of a softmax regression by class.
type linear [][]float64

// fit minimizes the cross entropy by gradient descent.
func fit(images [][]float64) linear {
	model := make(linear, len(classes))
	for c := range model {
		model[c] = make([]float64, len(images[0]))
	}
	for range 3000 {
		gradient := make(linear, len(classes))
		for c := range gradient {
			gradient[c] = make([]float64, len(images[0]))
		}
		for i, x := range images {
			for c, p := range model.probabilities(x) {
				if c == i%len(classes) {
					p--
				}
				for k, v := range x {
					gradient[c][k] += p * v
				}
			}
		}
		for c := range model {
			for k, g := range gradient[c] {
				model[c][k] -= 5 * g / float64(len(images))
			}
		}
	}
	return model
}

func (m linear) probabilities(x []float64) []float64 {
	p, sum := make([]float64, len(m)), 0.
	for c, weights := range m {
		for k, w := range weights {
			p[c] += w * x[k]
		}
		p[c] = math.Exp(p[c])
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return p
}

// accuracy is the fraction of images whose most probable class is their own.
func (m linear) accuracy(images [][]float64) float64 {
	right := 0
	for i, x := range images {
		p := m.probabilities(x)
		if slices.Index(p, slices.Max(p)) == i%len(classes) {
			right++
		}
	}
	return float64(right) / float64(len(images))
}
