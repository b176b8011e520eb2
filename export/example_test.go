package export_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"alexnet/export"
)

// A SavedModel of another program has no card and is not run.
func ExampleReadCard() {
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "saved_model.pb"), nil, 0o644); err != nil {
		log.Fatal(err)
	}
	_, err = export.ReadCard(dir)
	var foreign *export.ForeignError
	if errors.As(err, &foreign) {
		fmt.Println(foreign.Hint())
	}
	// Output: export it again from its run, or load it with TensorFlow, which runs its graph, if you trust it; alexnet inspect lists its contents
}
