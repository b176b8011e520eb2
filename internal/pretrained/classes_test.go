package pretrained

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/hint"
	"alexnet/internal/testenv"
)

func TestReadClasses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
		err  string
	}{
		"a name a line":       {"cat\ndog\n", []string{"cat", "dog"}, ""},
		"no last line break":  {"cat\ndog", []string{"cat", "dog"}, ""},
		"Windows":             {"\ufeffgreat white shark\r\ncafé\r\n\r\n", []string{"great white shark", "café"}, ""},
		"spaces":              {"  cat \n\tdog\n", []string{"cat", "dog"}, ""},
		"an empty line":       {"cat\n\ndog\n", nil, "line 2 is empty"},
		"a name twice":        {"cat\ndog\ncat\n", nil, `line 3: got "cat", which is the name in line 1 too`},
		"another encoding":    {"caf\xe9\n", nil, "it is not UTF-8"},
		"nothing":             {"", nil, ""},
		"a label in the line": {"0 cat\n1 dog\n", []string{"0 cat", "1 dog"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "names.txt")
			must(t, os.WriteFile(path, []byte(c.text), 0o666))
			got, err := ReadClasses(t.Context(), path, Options{})
			if !slices.Equal(got, c.want) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), path+`": `+c.err) {
				t.Errorf("got %q, %v, want %q, %s", got, err, c.want, c.err)
			}
			if err != nil && !strings.Contains(hint.Of(err), "a class name a line, in the order of the labels, or imagenet") {
				t.Errorf("hint: got %q", hint.Of(err))
			}
		})
	}
	if _, err := ReadClasses(t.Context(), filepath.Join(t.TempDir(), "none"), Options{}); err == nil || !strings.Contains(err.Error(), `none": no such file`) {
		t.Errorf("no file: got %v", err)
	}
}

// Names that classes share are told apart.
func TestReadClassesByName(t *testing.T) {
	old := Files
	t.Cleanup(func() { Files = old })
	f, archive := demo(t, []byte(`{"1": "crane", "0": "tench, Tinca tinca", "2": "maillot", "3": "maillot, tank suit", "4": "crane", "5": "sunglass"}`), true)
	f.Kind = Classes
	Files = []File{f}
	fakePip(t, fmt.Sprintf(`cp %q "$dest"`, archive))
	got, err := ReadClasses(t.Context(), "demo", Options{CacheDir: t.TempDir()})
	if want := []string{"tench", "crane (1)", "maillot", "maillot, tank suit", "crane (4)", "sunglass"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, text := range []string{`{"0": "a", "2": "b"}`, `{"-1": "a"}`, `{"a": "b"}`, `[`} {
		if got, err := parseImageNet([]byte(text)); err == nil {
			t.Errorf("%s: got %q, want an error", text, got)
		}
	}
}

// The package index has every package, and ImageNet's list has its classes in the known order.
func TestPublishedPackages(t *testing.T) {
	testenv.Nightly(t)
	o := Options{CacheDir: t.TempDir()}
	for _, f := range Files {
		if f.Package != nil {
			_, err := f.Get(t.Context(), o)
			must(t, err)
		}
	}
	got, err := ReadClasses(t.Context(), "imagenet", o)
	must(t, err)
	if len(got) != 1000 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 1000 {
		t.Errorf("got %d names, want 1000 different ones", len(got))
	}
	for label, want := range map[int]string{0: "tench", 207: "golden retriever", 281: "tabby", 134: "crane (134)", 517: "crane (517)", 639: "maillot, tank suit", 999: "toilet tissue"} {
		if got[label] != want {
			t.Errorf("label %d: got %q, want %q", label, got[label], want)
		}
	}
}

func FuzzClasses(f *testing.F) {
	for _, text := range []string{"cat\ndog\n", "\ufeffcat\r\n\r\n", "cat\n\ncat", "\xff", `{"0": "crane", "1": "crane, bird"}`, `{"1": ""}`, `{"0": "a", "00": "b"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		names, err := parseLines(text)
		if unique := slices.Compact(slices.Sorted(slices.Values(names))); err == nil && (slices.Contains(unique, "") || len(unique) != len(names)) {
			t.Errorf("got %q, want different names", names)
		}
		_, _ = parseImageNet(text)
	})
}
