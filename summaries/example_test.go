package summaries_test

import (
	"fmt"
	"os"

	"alexnet/summaries"
)

func Example() {
	run, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(run)

	w, err := summaries.Create(run, summaries.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for step, loss := range []float64{0.75, 0.5, 0.25} {
		if err := w.Scalar(int64(step), "cross_entropy", loss); err != nil {
			fmt.Println(err)
		}
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}

	files, err := summaries.Files(run)
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range summaries.Read(files[0]) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, value := range event.GetSummary().GetValue() {
			fmt.Println(event.Step, value.Tag, value.GetSimpleValue())
		}
	}
	// Output:
	// 0 cross_entropy 0.75
	// 1 cross_entropy 0.5
	// 2 cross_entropy 0.25
}
