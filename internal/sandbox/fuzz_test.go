package sandbox

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Whatever a file of verdicts holds under a right checksum, each path has a verdict,
// and what is kept of it is read the same again.
func FuzzVerdicts(f *testing.F) {
	v := openVerdicts(f.TempDir(), func(string) {})
	v.add("/a,\n\"b", mark{1, 2, 3}, sha256.Sum256(nil), response{})
	v.add("/c", mark{-1, 2, 3}, sha256.Sum256([]byte("c")), response{Reason: "is damaged", Kind: 3, Hint: "remove it"})
	v.save()
	text, err := os.ReadFile(v.file)
	must(f, err)
	f.Add(text)
	f.Add(bytes.ReplaceAll(text, []byte(",3,"), []byte(",99999999999999999999,")))
	f.Add([]byte("alexnet verdicts,2,2.18.0\n,,,,,,,\n\"\n"))
	dir := f.TempDir()
	file := filepath.Join(dir, verdictsName)
	read := func(t *testing.T) (map[string]seen, map[sum]response) {
		v := openVerdicts(dir, func(string) {})
		for path, s := range v.paths {
			if _, ok := v.sums[s.sum]; !ok {
				t.Fatalf("got no verdict on %q", path)
			}
			v.used[path] = true // or save would look for it
		}
		v.news = true
		v.save()
		return v.paths, v.sums
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		must(t, os.WriteFile(file, withChecksum(append(bytes.TrimRight(text, "\n"), "\nx\n"...)), 0o600))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		paths, sums := read(t)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(1<<20+200*len(text)) {
			t.Errorf("allocated %d bytes for %d", n, len(text))
		}
		again, sumsAgain := read(t)
		if !maps.Equal(again, paths) {
			t.Errorf("got %v, want %v", again, paths)
		}
		for path, s := range paths {
			if got, want := sumsAgain[s.sum], sums[s.sum]; got != want {
				t.Errorf("%q: got verdict %v, want %v", path, got, want)
			}
		}
	})
}

// Arbitrary output of a child is an error or a response that survives a round trip.
func FuzzReceive(f *testing.F) {
	for _, seed := range []string{"", "{}\n", `{"floats":9}` + "\nxyz", `{"refused":"a","kind":-1}` + "\n", "[[[[\n", "{\"kind\":1e400}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var a, again response
		if receive(bufio.NewReader(bytes.NewReader(text)), &a) != nil {
			return
		}
		if err := a.error("a.jpg"); (err == nil) != (a.Reason == "") {
			t.Errorf("got %v of %+v", err, a)
		}
		var line bytes.Buffer
		must(t, send(&line, a, nil))
		if err := receive(bufio.NewReader(&line), &again); err != nil || again != a {
			t.Errorf("got %+v, %v, want %+v", again, err, a)
		}
	})
}
