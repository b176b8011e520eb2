package report

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/finetune"
	"alexnet/input"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		for _, r := range runs {
			os.RemoveAll(r)
		}
		os.Exit(code)
	}))
}

var runs = map[int]string{}

// classNames returns n names; the second is hostile.
func classNames(n int) []string {
	names := []string{"cat", `<script>alert("1")`}
	for i := 2; i < n; i++ {
		names = append(names, fmt.Sprintf("class %02d", i))
	}
	return names[:n]
}

const hostileFile = `"><img src=x onerror=alert(2)>.jpg`

// trainedRun is a run of two epochs of a narrow network, and its images. All tests share it.
func trainedRun(t testing.TB, classes int) (dir, images string) {
	t.Helper()
	if runs[classes] == "" {
		root, err := os.MkdirTemp("", "report")
		must(t, err)
		runs[classes] = root
		must(t, drawImages(filepath.Join(root, "images"), classNames(classes)))
		c := config(filepath.Join(root, "images"))
		must(t, finetune.Run(t.Context(), filepath.Join(root, "run"), c, finetune.Watch{}))
	}
	return filepath.Join(runs[classes], "run"), filepath.Join(runs[classes], "images")
}

func config(images string) finetune.Config {
	c := finetune.New(images, "")
	c.Network = alexnet.Config{Size: 67, LRN: alexnet.LRNOps, Widths: []int{8, 8, 8, 8, 8, 16, 16}}
	c.Epochs, c.Batch, c.Val, c.DisplayEvery = 2, 4, "0.5", 1
	return c
}

// drawImages draws eight images per class, of different sizes.
func drawImages(dir string, classes []string) error {
	for i, class := range classes {
		for n := range 8 {
			name := fmt.Sprintf("%d.jpg", n)
			if n == 0 {
				name = hostileFile
			}
			path := filepath.Join(dir, class, name)
			err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, drawImage(i, n), 0o666))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func drawImage(class, n int) []byte {
	random := rand.New(rand.NewPCG(uint64(class), uint64(n)))
	img := image.NewRGBA(image.Rect(0, 0, 70+20*n, 90))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = uint8(class*37), uint8(class*91)+uint8(random.IntN(60)), uint8(i>>class%9), 255
	}
	img.SetRGBA(0, 0, color.RGBA{255, 0, 0, 255})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func openModel(t testing.TB, dir string) *classify.Model {
	t.Helper()
	c, err := classify.Open(t.Context(), dir, classify.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

// openDataset opens the run's dataset.
func openDataset(t testing.TB, dir string) *input.Dataset {
	t.Helper()
	c, err := finetune.ReadConfig(dir)
	must(t, err)
	data, err := c.OpenData()
	must(t, err)
	return data
}

var noon = time.Date(2025, 5, 4, 12, 0, 0, 0, time.UTC)

// makePage returns a page and its text.
func makePage(t testing.TB, dir string, model *classify.Model, data *input.Dataset) (*Page, []byte) {
	t.Helper()
	p, err := Make(t.Context(), dir, model, data, Options{Gallery: 12, Batch: 5, Made: noon, Versions: []Row{{"alexnet", "1 & 2"}}})
	must(t, err)
	text, err := p.HTML()
	must(t, err)
	return p, text
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
