package main

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"cat\tdog\r\n":              "cat\tdog\r\n",
		"\x1b[31mred\x1b]0;t\x07 ö": `\x1b[31mred\x1b]0;t\x07 ö`,
		"\u009b31m \x7f":            `\x9b31m \x7f`,
		"d\xf6g":                    "d\xf6g",
	} {
		var got strings.Builder
		if n, err := (escapingWriter{&got}).Write([]byte(text)); n != len(text) || err != nil || got.String() != want {
			t.Errorf("%q: got %q, %d, %v, want %q", text, got.String(), n, err, want)
		}
	}
}
