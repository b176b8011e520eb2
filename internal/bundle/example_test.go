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

// What is mapped costs no time before it is used, and is verified where that matters.
func ExampleReader_View() {
	r, err := bundle.Open("testdata/small")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	weights, err := r.View("conv1/weights")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(weights, r.Verify("conv1/weights"))
	// Output:
	// [0 0.25 0.5 0.75 1 1.25] <nil>
}
