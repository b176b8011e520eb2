package pretrained

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every row of the table is complete, and no name can be taken for a path with folders.
func TestFiles(t *testing.T) {
	hash := regexp.MustCompile(`^[0-9a-f]{64}$`)
	seen := map[string]bool{}
	for _, f := range Files {
		if f.Name == "" || seen[f.Name] || strings.ContainsAny(f.Name, "/ ") {
			t.Errorf("%s: got an empty name, one that is listed twice or one of a path", f.Name)
		}
		seen[f.Name] = true
		if f.Origin == "" || f.License == "" || f.Content == "" || f.URL == "" || (f.Arch != "") != (f.Kind == Weights) {
			t.Errorf("%s: got %+v, want all facts", f.Name, f)
		}
		if f.SHA256 != "" && !hash.MatchString(f.SHA256) || (f.SHA256 == "") != (f.Bytes == 0) {
			t.Errorf("%s: got sha256 %q and %d bytes, want both or none", f.Name, f.SHA256, f.Bytes)
		}
		if p := f.Package; p != nil && (f.SHA256 == "" || !hash.MatchString(p.SHA256) || p.Bytes == 0 || p.Version == "" || p.Member == "") {
			t.Errorf("%s: got package %+v, want all facts", f.Name, p)
		}
	}
}

func TestNamed(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		name string
		want bool
	}{
		{Weights, "owt", true},
		{Weights, "./owt", false},
		{Weights, "OWT", false},
		{Weights, "", false},
		{Weights, "imagenet", false},
		{Classes, "imagenet", true},
		{Weights, "alexnet-owt-7be5be79.pth", false}, // a file
	} {
		if f, ok := Named(c.kind, c.name); ok != c.want || ok && f.Name != c.name {
			t.Errorf("%s %q: got %q, %t, want %t", c.kind, c.name, f.Name, ok, c.want)
		}
	}
	if got := Names(Weights); !slices.Equal(got, []string{"owt"}) {
		t.Errorf("got %q, want owt", got)
	}
}

// A listed file is recognized at any path, by its content.
func TestIdentify(t *testing.T) {
	old := Files
	t.Cleanup(func() { Files = old })
	f, _ := demo(t, content, false)
	same := f
	same.Name, same.SHA256 = "same size", sum(content[1:])
	Files = []File{same, f}
	path := filepath.Join(t.TempDir(), "renamed")
	for _, c := range []struct {
		content []byte
		want    string
	}{{content, "demo"}, {slices.Concat(content[:1], content[:len(content)-1]), ""}, {nil, ""}} {
		must(t, os.WriteFile(path, c.content, 0o666))
		if got, ok, err := Identify(path); got.Name != c.want || ok != (c.want != "") || err != nil {
			t.Errorf("%q: got %q, %t, %v, want %q", c.content, got.Name, ok, err, c.want)
		}
	}
	if _, ok, err := Identify(t.TempDir()); ok || err != nil {
		t.Errorf("folder: got %t, %v, want none", ok, err)
	}
	if _, _, err := Identify(path + "x"); err == nil {
		t.Error("no file: got no error")
	}
}
