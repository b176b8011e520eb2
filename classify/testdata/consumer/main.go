// Command consumer is a separate module that uses the library: it predicts the class of an image.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"alexnet/classify"
)

func main() {
	ctx := context.Background()
	model, err := classify.Open(ctx, os.Args[1], classify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	result, err := model.Classify(ctx, classify.FromFile(os.Args[2]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %.6f\n", result.Class, result.Probability)
}
