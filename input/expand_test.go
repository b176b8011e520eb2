package input

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	dir := writeDataset(t, []string{"b.png", "a.png", "sub/c.png", "odd[1].png", "sub/.hidden.png"})
	in := func(name string) string { return filepath.Join(dir, name) }
	tests := []struct {
		name     string
		args     []string
		stdin    string
		want     []string
		excluded []string
	}{
		{"files as given", []string{in("b.png"), in("a.png")}, "", []string{"b.png", "a.png"}, nil},
		{"folder", []string{dir}, "", []string{"a.png", "b.png", "odd[1].png", "sub/c.png"}, nil},
		{"pattern", []string{in("*.png")}, "", []string{"a.png", "b.png", "odd[1].png"}, nil},
		{"pattern that is a name", []string{in("odd[1].png")}, "", []string{"odd[1].png"}, nil},
		{"standard input", []string{"-"}, in("a.png") + "\r\n\n" + in("sub"), []string{"a.png", "sub/c.png"}, nil},
		{"nothing there", []string{in("gone.png"), in("*.gif")}, "", nil, []string{"gone.png", "*.gif"}},
		{"empty folder", []string{t.TempDir()}, "", nil, []string{"*"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := expand(tt.args, strings.NewReader(tt.stdin))
			paths, excluded := e.paths, e.excluded
			if len(paths) != len(tt.want) || len(excluded) != len(tt.excluded) {
				t.Fatalf("got %q and %v, want %q and %q", paths, excluded, tt.want, tt.excluded)
			}
			for i, p := range paths {
				if p != in(tt.want[i]) {
					t.Errorf("got %q at %d, want %q", p, i, tt.want[i])
				}
			}
			for i, p := range excluded {
				if tt.excluded[i] != "*" && p.Path != in(tt.excluded[i]) || p.Reason == "" {
					t.Errorf("got %v at %d", p, i)
				}
			}
		})
	}
	if e := expand([]string{"-"}, nil); len(e.excluded) != 1 {
		t.Errorf("no standard input: got %v", e.excluded)
	}
}
