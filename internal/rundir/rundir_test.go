package rundir

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"alexnet/input"
	"alexnet/internal/hint"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

func touch(t *testing.T, dir string, names ...string) Dir {
	t.Helper()
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o666))
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

// Rows are read as they were written. A damaged or truncated row costs only itself.
func TestMetrics(t *testing.T) {
	d := Dir(t.TempDir())
	if got, err := d.Epochs(); got != nil || err != nil {
		t.Errorf("without the file: got %v, %v, want nothing", got, err)
	}
	want := []Epoch{{Epoch: 1, Step: 3, Loss: .5, Accuracy: .75, LearningRate: .01, ImagesPerSecond: 100, Seconds: 2},
		{Epoch: 2, Step: 6, Loss: .25, Accuracy: .8, Validation: &Validation{.5, .5}, LearningRate: .001, ImagesPerSecond: 100, Seconds: 2}}
	must(t, d.TruncateMetrics(0))
	for _, e := range want {
		must(t, d.AppendEpoch(e))
	}
	intact := read(t, d.Metrics())
	must(t, os.WriteFile(d.Metrics(), []byte(intact+"3,9,much,0.75,0.5,0.5,0.01,100,2\n"+"4,12,0.25,0.8"), 0o666))
	if got, err := d.Epochs(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	must(t, d.TruncateMetrics(2))
	if got := read(t, d.Metrics()); got != intact {
		t.Errorf("truncated: got %q, want %q", got, intact)
	}
	must(t, d.TruncateMetrics(1))
	if got, err := d.Epochs(); err != nil || !reflect.DeepEqual(got, want[:1]) {
		t.Errorf("truncated to one epoch: got %+v, %v", got, err)
	}
}

func TestExcluded(t *testing.T) {
	d := Dir(t.TempDir())
	for _, want := range [][]input.Excluded{nil, {{Path: "a,b/\"c\"\n.jpg", Reason: "is empty"}, {Path: "ö.png", Reason: "is damaged: x, y"}}, nil} {
		must(t, d.WriteExcluded(want))
		if got, err := d.ReadExcluded(); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	if names, err := os.ReadDir(string(d)); len(names) != 0 || err != nil {
		t.Errorf("got files %v, %v, want none", names, err)
	}
	must(t, os.WriteFile(d.Excluded(), []byte("path,reason\na,b,c\n"), 0o644))
	if got, err := d.ReadExcluded(); err == nil {
		t.Errorf("got %v from a line with three fields, want an error", got)
	}
}

// The names of a run directory's files are literals in this package only.
func TestNamesAreOnlyHere(t *testing.T) {
	allowed := map[string][]string{
		"finetune/settings.go":          {"cache"},       // a flag
		"internal/filekind/filekind.go": {"config.json"}, // in Keras files
	}
	names := []string{"checkpoints", "events", "cache", "metrics.csv", "config.json", "dataset.txt", "excluded.csv", "warnings.csv", "report.html", ".lock"}
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
				if text, err := strconv.Unquote(lit.Value); err == nil && slices.Contains(names, text) && !slices.Contains(allowed[strings.TrimPrefix(path, "../../")], text) {
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
