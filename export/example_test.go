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
	fmt.Println(errors.Is(err, export.ErrForeign))
	// Output: true
}
