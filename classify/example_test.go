package classify_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"

	"alexnet/classify"
	"alexnet/input"
	"alexnet/internal/testmodel"
)

// run is a run directory of `alexnet train` or an exported model.
func ExampleModel_Classify() {
	ctx := context.Background()
	model, err := classify.Open(ctx, run, classify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	result, err := model.Classify(ctx, classify.FromImage(testmodel.Image(0)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %.0f %%, of %v\n", result.Class, 100*result.Probability, model.Classes())
	// Output: fox, 82 %, of [cat dog fox]
}

// An image that cannot be read does not stop the others.
func ExampleModel_ClassifyAll() {
	ctx := context.Background()
	model, err := classify.Open(ctx, run, classify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	images := []classify.Image{
		classify.FromImage(testmodel.Image(0)),
		classify.FromBytes([]byte("text")),
		classify.FromBytes(testmodel.JPEG(3)),
	}
	for result, err := range model.ClassifyAll(ctx, slices.Values(images)) {
		switch {
		case errors.Is(err, input.ErrFormat):
			fmt.Println("not an image:", err)
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Printf("%s, %.0f %%\n", result.Class, 100*result.Probability)
		}
	}
	// Output:
	// fox, 82 %
	// not an image: read image: is not a supported image: got text
	// fox, 42 %
}
