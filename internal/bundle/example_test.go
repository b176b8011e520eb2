package bundle_test

import (
	"fmt"

	"alexnet/internal/bundle"
)

func Example() {
	r, err := bundle.Open("testdata/small")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for _, v := range r.Variables() {
		fmt.Println(v.Name, v.DType, v.Shape)
	}
	biases, err := r.Float32s("conv1/biases")
	fmt.Println(biases, err)
	// Output:
	// conv1/biases DT_FLOAT [3]
	// conv1/weights DT_FLOAT [2 3]
	// global_step DT_INT64 []
	// [-0.5 0.5 1] <nil>
}
