// Command consumer is a module of its own that uses the library: it says what is
// on a picture.
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
	result, err := model.Classify(ctx, classify.File(os.Args[2]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %.6f\n", result.Class, result.Probability)
}
