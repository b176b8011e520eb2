package input

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnusualImages checks unusual images: EXIF orientations, the PngSuite with its
// corrupt files, and test images of image decoders.
func TestUnusualImages(t *testing.T) {
	root := os.Getenv("ALEXNET_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	dir := filepath.Join(root, "data", "odd-images")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("unusual images not found: %v; set ALEXNET_SHARED to the folder that contains data/odd-images", err)
	}
	found := expand([]string{dir}, nil)
	if len(found.excluded) > 0 {
		t.Error(found.excluded)
	}
	for _, path := range found.paths {
		h, err := checkFile(path, Options{})
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Path != path || e.Err.Error() == "") {
			t.Errorf("%s: got %v, want an *Error that names the path", path, err)
		}
		name := filepath.Base(path)
		switch ext := filepath.Ext(name); {
		case strings.HasPrefix(name, "invalid-"): // some have invalid pixel data only
		case strings.Contains(path, "pngsuite") && name[0] == 'x' && name != "xcsn0g01.png":
			if err == nil {
				t.Errorf("%s: got %v, want an error", path, h)
			}
		case ext == ".png" || ext == ".jpg" || ext == ".jpeg" || ext == ".gif":
			if err != nil {
				t.Error(err)
			}
		case err == nil:
			t.Errorf("%s: got %v, want an error", path, h)
		}
		if _, number, ok := strings.Cut(strings.TrimSuffix(name, ".jpg"), "_"); ok && strings.Contains(path, "exif-orientation") {
			if want := max(int(number[0]-'0'), 1); h.Orientation != want {
				t.Errorf("%s: got orientation %d, want %d", name, h.Orientation, want)
			}
		}
	}
	t.Logf("checked %d files", len(found.paths))
}
