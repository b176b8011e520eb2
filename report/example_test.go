package report_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"alexnet/classify"
	"alexnet/finetune"
	"alexnet/report"
)

// A run of one epoch on drawn images, and its page.
func Example() {
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := exampleRun(dir); err != nil {
		fmt.Println(err)
	}
	// Output:
	// measured on 6 images, a page: true
}

func exampleRun(dir string) error {
	ctx, run, images := context.Background(), filepath.Join(dir, "run"), filepath.Join(dir, "images")
	if err := exampleImages(images); err != nil {
		return err
	}
	c := finetune.New(images, "")
	c.Epochs, c.Batch = 1, 4
	c.Network.Size, c.Network.Widths = 67, []int{8, 8, 8, 8, 8, 16, 16}
	if err := finetune.Run(ctx, run, c, finetune.Watch{}); err != nil {
		return err
	}
	model, err := classify.Open(ctx, run, classify.Options{})
	if err != nil {
		return err
	}
	defer model.Close()
	data, err := c.OpenData()
	if err != nil {
		return err
	}
	page, err := report.Make(ctx, run, model, data, report.Options{Gallery: 4})
	if err != nil {
		return err
	}
	text, err := page.HTML()
	fmt.Printf("measured on %d images, a page: %t\n", page.Measured.Scores.Count, bytes.HasPrefix(text, []byte("<!DOCTYPE html>")))
	return err
}

// exampleImages draws train and val with three dark and three bright images each.
func exampleImages(dir string) error {
	for i := range 12 {
		part, class := []string{"train", "val"}[i%2], []string{"dark", "bright"}[i/2%2]
		img := image.NewGray(image.Rect(0, 0, 70, 70))
		for p := range img.Pix {
			img.SetGray(p%70, p/70, color.Gray{uint8(i/2%2*180 + p%60)})
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			return err
		}
		path := filepath.Join(dir, part, class, fmt.Sprintf("%d.png", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			return err
		}
	}
	return nil
}
