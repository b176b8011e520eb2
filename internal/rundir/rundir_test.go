package rundir

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"alexnet/internal/hint"
)

func touch(t *testing.T, dir string, names ...string) Dir {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return Dir(dir)
}

func TestChecks(t *testing.T) {
	for name, c := range map[string]struct {
		files           []string
		vacant, current bool
	}{
		"empty":               {nil, true, true},
		"a run":               {[]string{".lock", "config.json", "dataset.txt"}, true, true},
		"a foreign file":      {[]string{"metrics.csv"}, false, true},
		"no dataset.txt":      {[]string{".lock", "config.json"}, true, false},
		"an old list":         {[]string{".lock", "config.json", "dataset.txt", "left-out.csv"}, true, false},
		"an old dataset":      {[]string{".lock", "config.json", "pictures.txt"}, true, false},
		"config.json removed": {[]string{".lock", "dataset.txt"}, true, true},
	} {
		d := touch(t, t.TempDir(), c.files...)
		if err := d.CheckVacant(); (err == nil) != c.vacant || err != nil && hint.Of(err) == "" {
			t.Errorf("%s: got %v, want vacant %v, and a hint", name, err, c.vacant)
		}
		if err := d.CheckVersion(); (err == nil) != c.current || err != nil && hint.Of(err) == "" {
			t.Errorf("%s: got %v, want current %v, and a hint", name, err, c.current)
		}
	}
}

// The names of a run directory's files are literals in this package only.
func TestNamesStandHere(t *testing.T) {
	names := []string{"metrics.csv", "config.json", "dataset.txt", "excluded.csv", "report.html", ".lock"}
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == "../../internal/rundir/rundir.go" || strings.HasPrefix(path, "../../cmd/bench/") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && slices.Contains(names, text) {
					t.Errorf("%s: got the name %q, want rundir.Dir's method", path, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
