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

	"alexnet/internal/content"
)

// Arbitrary text with a valid checksum gives verdicts that survive a round trip.
func FuzzVerdicts(f *testing.F) {
	quiet := func(string) {}
	v := openVerdicts(f.TempDir(), content.Open("", nil), quiet)
	v.add(sha256.Sum256(nil), response{})
	v.add(sha256.Sum256([]byte("c")), response{Reason: "is damaged,\n\"", Kind: 3, Hint: "remove it"})
	v.save()
	text, err := os.ReadFile(v.file)
	must(f, err)
	f.Add(text)
	f.Add(bytes.ReplaceAll(text, []byte(",3,"), []byte(",99999999999999999999,")))
	f.Add([]byte("alexnet verdicts,3,2.18.0\n,,,\n\"\n"))
	dir := f.TempDir()
	file := filepath.Join(dir, verdictsName)
	read := func() map[content.Hash]response {
		v := openVerdicts(dir, content.Open("", nil), quiet)
		for h := range v.responses {
			v.used[h] = true // or save drops it
		}
		v.changed = true
		v.save()
		return v.responses
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		must(t, os.WriteFile(file, withChecksum(append(bytes.TrimRight(text, "\n"), "\nx\n"...)), 0o600))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		first := read()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(1<<20+200*len(text)) {
			t.Errorf("allocated %d bytes for %d", n, len(text))
		}
		if again := read(); !maps.Equal(again, first) {
			t.Errorf("got %v, want %v", again, first)
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
