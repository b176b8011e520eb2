package caption_test

import (
	"fmt"
	"image"
	"os"
	"path/filepath"

	"alexnet/internal/caption"
)

func Example() {
	img := image.NewNRGBA(image.Rect(0, 0, 640, 480))
	drawn := caption.Draw(img, caption.Bar{Class: "cat", Probability: 0.983}, caption.Bar{Class: "dog", Probability: 0.017})

	dir, err := os.MkdirTemp("", "drawn")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	names := caption.TargetNames([]string{"holiday/1.jpg", "home/1.jpg"})
	fmt.Println(names, caption.Save(filepath.Join(dir, names[0]), drawn))
	fmt.Println(drawn.Bounds().Dx(), drawn.Bounds().Dy() > 480)
	// Output:
	// [1.jpg 1-2.jpg] <nil>
	// 640 true
}
