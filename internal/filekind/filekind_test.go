package filekind

import (
	"strings"
	"testing"
)

// Any first bytes have a kind or none.
func FuzzDetect(f *testing.F) {
	for _, s := range signatures {
		f.Add([]byte(s.magic + strings.Repeat("\x00", 64)))
	}
	f.Add([]byte("\x0a\x07AlexNet\xa2\x06\x10"))
	for _, length := range []string{"\xff", "\xfe", "\x80"} { // of the name of a Caffe model
		f.Add([]byte("\x0a" + length + strings.Repeat("a", PrefixBytes-2)))
	}
	f.Fuzz(func(t *testing.T, prefix []byte) {
		if k := Detect(prefix); k.Name == "" && (k.Image || k.Model || k.Remedy != "") {
			t.Errorf("got %+v, want a name", k)
		}
	})
}
