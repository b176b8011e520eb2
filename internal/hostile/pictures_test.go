package hostile

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"testing"
)

// The same seed gives the same pictures, another one others; names are unique.
func TestPicturesAreTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 900 pictures; run without -short")
	}
	const count = 300
	a, b, other := Pictures(count, 1), Pictures(count, 1), Pictures(count, 2)
	if len(a) != count {
		t.Fatalf("got %d pictures, want %d", len(a), count)
	}
	names, differ, changed := map[string]bool{}, 0, 0
	for i := range a {
		if a[i].Name != b[i].Name || !bytes.Equal(a[i].Encoded, b[i].Encoded) {
			t.Errorf("picture %d: got another one for the same seed", i)
		}
		if !bytes.Equal(a[i].Encoded, other[i].Encoded) {
			differ++
		}
		if names[a[i].Name] {
			t.Errorf("got two pictures called %q", a[i].Name)
		}
		names[a[i].Name] = true
		if _, _, err := image.DecodeConfig(bytes.NewReader(a[i].Encoded)); err != nil {
			changed++
		}
	}
	if differ < count/2 || changed < count/10 || changed > 9*count/10 {
		t.Errorf("got %d other ones for another seed, %d without a header, want most and some", differ, changed)
	}
}

// A digest tells when a picture was changed.
func TestDigest(t *testing.T) {
	if testing.Short() {
		t.Skip("draws pictures of many megapixels; run without -short")
	}
	dir := t.TempDir()
	pictures := Pictures(4, 1)
	if _, err := Plant(dir, pictures); err != nil {
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
		t.Error("got two digests of one folder")
	}
	if err := os.WriteFile(filepath.Join(dir, "a", pictures[0].Name), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if before == digest() {
		t.Error("got one digest of two folders")
	}
}
