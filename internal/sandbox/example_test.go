package sandbox_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"alexnet/alexnet"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/sandbox"
	"alexnet/internal/testmodel"
	"alexnet/tfgraph"
)

// A program calls sandbox.Main first in its main; here TestMain has done so. The
// scanner is then the guard of a loader.
func Example() {
	dir, err := os.MkdirTemp("", "scan")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	whole, cut := filepath.Join(dir, "whole.jpg"), filepath.Join(dir, "cut.jpg")
	img := testmodel.JPEG(1)
	if err := os.WriteFile(whole, img, 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(cut, img[:len(img)/2], 0o644); err != nil {
		log.Fatal(err)
	}
	contract := alexnet.NewPreprocessing(227, alexnet.Squash, true, []string{"cat", "dog"})
	decoder, err := alexnet.NewDecoder(contract, tfgraph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer decoder.Close()
	examples, _ := input.ExamplesFromPaths([]string{whole, cut}, input.Options{})
	loader := eval.NewLoader(decoder, contract.Size, examples, 1)

	scanner, err := sandbox.Open(sandbox.Options{Preprocessing: contract, Fast: loader.Load})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close()
	loader.Sandbox = scanner
	problems, err := loader.Verify(context.Background())
	for _, p := range problems {
		fmt.Println(filepath.Base(p.Path), p.Reason)
	}
	fmt.Println(len(input.Without(examples, problems)), "can be used", err)
	// Output:
	// cut.jpg is damaged: jpeg::Uncompress failed. Invalid JPEG data or crop window.
	// 1 can be used <nil>
}
