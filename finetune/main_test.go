package finetune_test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/finetune"
	"alexnet/internal/sandbox"
	"alexnet/train"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	goleak.VerifyTestMain(m)
}

// drawImages writes n images each into dir/{dark,bright}.
func drawImages(dir string, n int) error {
	for i := range 2 * n {
		class, level := "dark", 40+5*i
		if i%2 == 1 {
			class, level = "bright", 200+2*i
		}
		path := filepath.Join(dir, class, fmt.Sprintf("%d.png", i))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), drawImage(path, uint8(level))); err != nil {
			return err
		}
	}
	return nil
}

func drawImage(path string, level uint8) error {
	img := image.NewGray(image.Rect(0, 0, 70, 70))
	for i := range img.Pix {
		img.SetGray(i%70, i/70, color.Gray{level + uint8(i%30)})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}

func photos(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "photos")
	if err := drawImages(dir, n); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tiny trains all layers of a narrow network within a second.
func tiny(data string) finetune.Config {
	c := finetune.New(data, "")
	c.Network = alexnet.Config{Size: 67, LRN: alexnet.LRNOps, Widths: []int{8, 8, 8, 8, 8, 16, 16}}
	c.Epochs, c.Batch, c.Val = 2, 4, "0.5"
	return c
}

func newest(t *testing.T, dir string) checkpoint.Meta {
	t.Helper()
	all, err := train.Checkpoints(dir).List()
	if err != nil || len(all) == 0 {
		t.Fatalf("got %d checkpoints, %v", len(all), err)
	}
	return all[len(all)-1]
}
