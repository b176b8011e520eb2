package finetune_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"alexnet/finetune"
	"alexnet/train"
)

// Two epochs of a narrow network on generated images. A real run is finetune.New("photos", "bvlc_alexnet.npy")
// without changes.
func Example() {
	dir, err := os.MkdirTemp("", "finetune")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	photos := filepath.Join(dir, "photos")
	if err := drawImages(photos, 8); err != nil {
		fmt.Println(err)
		return
	}

	c := finetune.New(photos, "")
	c.Epochs, c.Batch, c.Val = 2, 4, "0.5"
	c.Network.Size, c.Network.Widths = 67, []int{8, 8, 8, 8, 8, 16, 16}
	var w finetune.Watch
	w.OnEpoch = func(e train.EpochResult) {
		fmt.Printf("epoch %d of %d, validated: %t\n", e.Epoch, e.Epochs, e.Validation != nil)
	}
	if err := finetune.Run(context.Background(), filepath.Join(dir, "run"), c, w); err != nil {
		fmt.Println(err)
	}
	// Output:
	// epoch 0 of 2, validated: true
	// epoch 1 of 2, validated: true
	// epoch 2 of 2, validated: true
}
