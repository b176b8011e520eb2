package hostile

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"testing"
)

// The same seed gives the same images, another seed other images; names are unique.
func TestImagesFollowFromSeed(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 900 images; run without -short")
	}
	const count = 300
	a, b, other := Images(count, 1), Images(count, 1), Images(count, 2)
	if len(a) != count {
		t.Fatalf("got %d images, want %d", len(a), count)
	}
	names, differ, changed := map[string]bool{}, 0, 0
	for i := range a {
		if a[i].Name != b[i].Name || !bytes.Equal(a[i].Encoded, b[i].Encoded) {
			t.Errorf("image %d: differs for the same seed", i)
		}
		if !bytes.Equal(a[i].Encoded, other[i].Encoded) {
			differ++
		}
		if names[a[i].Name] {
			t.Errorf("got two images named %q", a[i].Name)
		}
		names[a[i].Name] = true
		if _, _, err := image.DecodeConfig(bytes.NewReader(a[i].Encoded)); err != nil {
			changed++
		}
	}
	if differ < count/2 || changed < count/10 || changed > 9*count/10 {
		t.Errorf("got %d different images for another seed, %d without a header, want most and some", differ, changed)
	}
}

// A digest changes with an image.
func TestDigest(t *testing.T) {
	if testing.Short() {
		t.Skip("draws images of many megapixels; run without -short")
	}
	dir := t.TempDir()
	images := Images(4, 1)
	if _, err := Plant(dir, images); err != nil {
		t.Fatal(err)
	}
	digest := func() string {
		t.Helper()
		d, err := Digest(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	before := digest()
	if before != digest() {
		t.Error("got different digests of an unchanged folder")
	}
	if err := os.WriteFile(filepath.Join(dir, "a", images[0].Name), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if before == digest() {
		t.Error("got the same digest after a change")
	}
}
