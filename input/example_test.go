package input_test

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"alexnet/input"
)

// gray is a batch of images in Go memory.
type gray [][]float32

func (g gray) Row(i int) []float32 { return g[i] }
func (g gray) Close()              {}

// data writes a small dataset: three cats and two dogs.
func data() string {
	dir, err := os.MkdirTemp("", "data")
	if err != nil {
		log.Fatal(err)
	}
	for i, name := range []string{"cat/a.png", "cat/b.png", "cat/c.png", "dog/a.png", "dog/b.png"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			log.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			log.Fatal(err)
		}
		if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 40+i, 30))); err != nil {
			log.Fatal(err)
		}
		f.Close()
	}
	return dir
}

func ExampleOpen() {
	dir := data()
	defer os.RemoveAll(dir)

	d, err := input.Open(dir, input.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Classes, input.Counts(d.Train, len(d.Classes)))
	fmt.Println(d.Train[0].Name, d.Train[0].Header)
	// Output:
	// [cat dog] [3 2]
	// cat/a.png 40x30 png
}

func ExampleLoader() {
	dir := data()
	defer os.RemoveAll(dir)

	d, err := input.Open(dir, input.Options{})
	if err != nil {
		log.Fatal(err)
	}
	l := input.Loader[gray]{
		Examples: d.Train,
		Batch:    2,
		Alloc: func(rows int) (gray, error) {
			g := make(gray, rows)
			for i := range g {
				g[i] = make([]float32, 1)
			}
			return g, nil
		},
		Decode: func(_ context.Context, _ []byte, ex input.Example, _ uint64, into []float32) error {
			into[0] = float32(ex.Width)
			return nil
		},
	}
	order := input.Shuffled(len(d.Train), 1, 0)
	for batch, err := range l.Batches(context.Background(), order) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.Start, batch.Labels, batch.Images)
		batch.Images.Close()
	}
	// Output:
	// 0 [0 1] [[41] [43]]
	// 2 [1 0] [[44] [40]]
	// 4 [0] [[42]]
}
