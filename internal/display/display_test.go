package display

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestPercent(t *testing.T) {
	for v, want := range map[float64]string{0: "0.0 %", .98349: "98.3 %", 1: "100.0 %", math.Inf(1): "+Inf %"} {
		if got := Percent(v); got != want {
			t.Errorf("%g: got %q, want %q", v, got, want)
		}
	}
	if got := Percent(math.NaN()); got != "–" {
		t.Errorf("NaN: got %q", got)
	}
}

func TestLists(t *testing.T) {
	twelve := slices.Repeat([]string{"a"}, 12)
	if got, want := Join(twelve), strings.Repeat("a, ", 10)+"and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Lines(twelve), strings.Repeat("\n  a", 10)+"\n  and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Join(twelve[:10]) + Join(nil) + Lines(nil); got != strings.TrimSuffix(strings.Repeat("a, ", 10), ", ") {
		t.Errorf("got %q, want ten entries", got)
	}
}

func TestArgument(t *testing.T) {
	for path, want := range map[string]string{"runs/1": "runs/1", "": "''", "set [v1]": "'set [v1]'", "it's": `'it'\''s'`, "caf\u00e9": "caf\u00e9"} {
		if got := Argument(path); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}
