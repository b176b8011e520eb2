// Package display formats values for people. Start with [Percent] and, for long lists, [Lines] and [Join].
package display

import (
	"fmt"
	"math"
	"strings"
	"unicode"
)

// Percent is a fraction as "98.3 %"; NaN is "–".
func Percent(fraction float64) string {
	if math.IsNaN(fraction) {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*fraction)
}

// PercentOrDash is [Percent], or "-" for nil.
func PercentOrDash(fraction *float64) string {
	if fraction == nil {
		return "-"
	}
	return Percent(*fraction)
}

// Shown is how many entries of a long list are shown.
const Shown = 10

// Lines lists the first entries on lines of their own, each after a newline and two
// spaces, and how many more there are.
func Lines(entries []string) string {
	var b strings.Builder
	for _, e := range shorten(entries) {
		b.WriteString("\n  " + e)
	}
	return b.String()
}

// Join lists the first entries, separated by commas, and how many more there are.
func Join(entries []string) string { return strings.Join(shorten(entries), ", ") }

func shorten(entries []string) []string {
	if len(entries) <= Shown {
		return entries
	}
	return append(entries[:Shown:Shown], fmt.Sprintf("and %d more", len(entries)-Shown))
}

// Strings are values of a string type as strings.
func Strings[S ~string](values ...S) []string {
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = string(v)
	}
	return text
}

// List joins values of a string type, separated by commas.
func List[S ~string](values ...S) string { return strings.Join(Strings(values...), ", ") }

// Bytes is a size as "1.5 GiB".
func Bytes(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// Argument quotes a path for a shell where it needs quotes.
func Argument(path string) string {
	special := func(r rune) bool {
		return r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+,:@%=", r)
	}
	if path == "" || strings.ContainsFunc(path, special) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
