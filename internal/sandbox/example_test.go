package sandbox_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/sandbox"
	"alexnet/internal/testmodel"
	"alexnet/tfgraph"
)

// A program calls sandbox.Main first in its main; here TestMain has done so. A loader
// then decodes through the pool.
func Example() {
	dir, err := os.MkdirTemp("", "sandbox")
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
	preprocessing := alexnet.Config{}.Preprocessing(alexnet.Squash, true, []string{"cat", "dog"})
	decoder, err := alexnet.NewDecoder(preprocessing, tfgraph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer decoder.Close()
	examples, _ := input.FindImages([]string{whole, cut}, nil, input.Options{})
	loader := decoder.Loader(examples, 1)

	pool, err := sandbox.Open(sandbox.Options{Preprocessing: preprocessing, Fast: loader.Load})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	loader.Sandbox = pool
	excluded, err := loader.Verify(context.Background())
	for _, p := range excluded {
		fmt.Println(filepath.Base(p.Path), p.Reason)
	}
	fmt.Println(len(input.Without(examples, excluded)), "usable", err)
	// Output:
	// cut.jpg is damaged: jpeg::Uncompress failed. Invalid JPEG data or crop window.
	// 1 usable <nil>
}
