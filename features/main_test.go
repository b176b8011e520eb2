package features_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"alexnet/features"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The layout of a file with rows of width floats, as the package describes it.
const (
	header = 64
	tag    = sha256.Size + 8
	width  = 5
	record = tag + 4*width
)

var key = features.Key{1, 2, 3}

// pictures are the contents of pictures that are told apart by a letter.
func pictures(letters string) (contents []features.Content) {
	for _, l := range letters {
		contents = append(contents, sha256.Sum256([]byte(string(l))))
	}
	return contents
}

// rowOf is the row of the picture with that letter.
func rowOf(letter rune) []float32 {
	row := make([]float32, width)
	for k := range row {
		row[k] = float32(letter) + float32(k)/8
	}
	return row
}

func open(t testing.TB, dir, letters string) *features.File {
	t.Helper()
	f, err := features.OpenFile(dir, key, width, pictures(letters))
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// keep makes a file with the rows of some pictures and gives its path.
func keep(t testing.TB, dir, letters string) (path string) {
	t.Helper()
	f := open(t, dir, letters)
	for i, l := range letters {
		must(t, f.Write(i, rowOf(l)))
	}
	must(t, f.Close())
	return only(t, dir)
}

// only is the path of the one file in dir.
func only(t testing.TB, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	if len(files) != 1 {
		t.Fatalf("got files %q, want one", files)
	}
	return files[0]
}

// kept are the letters whose rows s gives, each of which must be right.
func kept(t testing.TB, s features.Store, letters string) (there string) {
	t.Helper()
	for i, l := range letters {
		row := make([]float32, width)
		if err := s.Read(i, row); err != nil {
			continue
		}
		if !s.Has(i) || !slices.Equal(row, rowOf(l)) {
			t.Errorf("picture %c: got %v and has %v, want %v", l, row, s.Has(i), rowOf(l))
		}
		there += string(l)
	}
	return there
}

func flip(t testing.TB, path string, at int64) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	text[at] ^= 0x10
	must(t, os.WriteFile(path, text, 0o644))
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
