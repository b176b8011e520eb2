package npy_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"alexnet/internal/npy"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "npy")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "weights.npy")
	if err := npy.Write(path,
		npy.Layer{Name: "fc7", Weights: &npy.Array{Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}}},
		npy.Layer{Name: "fc8", Weights: &npy.Array{Shape: []int{3, 1}, Data: []float32{7, 8, 9}}},
	); err != nil {
		log.Fatal(err)
	}

	w, err := npy.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Dialect)
	for _, layer := range w.Layers {
		fmt.Println(layer.Name, layer.Weights.Shape, layer.Weights.Data, "has biases:", layer.Biases != nil)
	}
	// Output:
	// npy, pickle protocol 2, Python 2
	// fc7 [2 3] [1 2 3 4 5 6] has biases: false
	// fc8 [3 1] [7 8 9] has biases: false
}
