package featurecache_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"alexnet/internal/featurecache"
)

// What the frozen layers gave for an image is found again by the next run,
// though the image has another name and another place.
func ExampleOpenFile() {
	dir, err := os.MkdirTemp("", "features")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cat, pet := filepath.Join(dir, "cat.jpg"), filepath.Join(dir, "pet.jpg")
	if err := os.WriteFile(cat, []byte("an image of a cat"), 0o644); err != nil {
		log.Fatal(err)
	}
	key := featurecache.Key{1} // of the weights and the preprocessing
	visit := func(images []featurecache.Entry, use func(s featurecache.Store) error) {
		s, err := featurecache.OpenFile(context.Background(), filepath.Join(dir, "cache"), key, 3, images, featurecache.Options{})
		if err != nil {
			log.Fatal(err)
		}
		defer s.Close()
		if err := use(s); err != nil {
			log.Fatal(err)
		}
	}
	visit([]featurecache.Entry{{Path: cat}}, func(s featurecache.Store) error {
		return s.Write(0, []float32{.5, 0, 2})
	})
	if err := os.Rename(cat, pet); err != nil {
		log.Fatal(err)
	}
	visit([]featurecache.Entry{{Path: pet}}, func(s featurecache.Store) error {
		row := make([]float32, 3)
		err := s.Read(0, row)
		fmt.Println(row)
		return err
	})
	// Output: [0.5 0 2]
}

func ExampleNewMemory() {
	s, err := featurecache.NewMemory(2, 3, featurecache.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := s.Write(1, []float32{.5, 0, 2}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Has(0), s.Has(1))
	// Output: false true
}
