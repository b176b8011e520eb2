package export_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/checkpoint"
	"alexnet/classify"
	"alexnet/eval"
	"alexnet/export"
	"alexnet/input"
	"alexnet/internal/hint"
	"alexnet/internal/testenv"
)

// files are the contents of a directory by path.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(text)
		return err
	}))
	return all
}

func TestTwoExportsAreEqual(t *testing.T) {
	m := newModel(t, "squash", 1)
	first, second := files(t, exported(t, m)), files(t, exported(t, m))
	want := []string{"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001",
		"assets/classes.txt", "assets.extra/model.json", "assets.extra/model-card.md"}
	for _, name := range want {
		if first[name] == "" || first[name] != second[name] {
			t.Errorf("%s: got %d and %d bytes, want the same ones twice", name, len(first[name]), len(second[name]))
		}
	}
	if len(first) != len(want) {
		t.Errorf("got %d files, want %d", len(first), len(want))
	}
	if got, want := first["assets/classes.txt"], strings.Join(classes, "\n")+"\n"; got != want {
		t.Errorf("classes.txt: got %q, want %q", got, want)
	}
	other := newModel(t, "squash", 2)
	third := files(t, exported(t, other))
	if third["assets.extra/model.json"] == first["assets.extra/model.json"] {
		t.Error("other weights: got the same card")
	}
	if third["saved_model.pb"] != first["saved_model.pb"] {
		t.Error("other weights: got another graph")
	}
}

func TestFingerprint(t *testing.T) {
	card := func(m model) *export.Card {
		c, err := export.ReadCard(exported(t, m))
		must(t, err)
		return c
	}
	m := newModel(t, "squash", 1)
	first := card(m)
	renamed := m
	renamed.Description.Preprocessing.Classes = slices.Clone(classes)
	renamed.Description.Preprocessing.Classes[0] = "cat"
	for name, other := range map[string]model{
		"other weights": newModel(t, "squash", 2), "other preprocessing": newModel(t, "crop", 1), "other names": renamed,
	} {
		if got := card(other).Fingerprint; got == first.Fingerprint || len(got) != 64 {
			t.Errorf("%s: got fingerprint %s, that of the first is %s", name, got, first.Fingerprint)
		}
	}
	measured := options
	measured.Evaluation = &export.Evaluation{Data: "photos/val", Report: eval.Report{Accuracy: 0.5, Count: 2}}
	second, _, err := export.SavedModel(context.Background(), filepath.Join(t.TempDir(), "x"), m.Source, measured)
	must(t, err)
	if second.Fingerprint != first.Fingerprint {
		t.Error("measured: got another fingerprint of the same model")
	}
}

func TestModelCard(t *testing.T) {
	half := 0.5
	e := options
	e.Evaluation = &export.Evaluation{Data: "photos/val", Report: eval.Report{Accuracy: 0.75, Loss: 0.5, Count: 4,
		Confusion: make([][]int, len(classes))}}
	for i, c := range classes {
		e.Evaluation.Confusion[i] = make([]int, len(classes))
		e.Evaluation.PerClass = append(e.Evaluation.PerClass, eval.ClassMetrics{Class: c, Count: i, Precision: &half})
	}
	dir := filepath.Join(t.TempDir(), "model")
	_, _, err := export.SavedModel(context.Background(), dir, newModel(t, "crop", 1).Source, e)
	must(t, err)
	text := files(t, dir)["assets.extra/model-card.md"]
	for _, want := range []string{
		"# AlexNet for 6 classes", `rose \| red`, "| trained on | photos |", "| cb1f |", "Accuracy 0.7500, loss 0.5000, on 4 images of photos/val",
		"| `oriented` | `images string[?]`, `orientations int32[?]` |", "| `features` | `images string[?]` | `fc7 float32[?,24]`, `pool5 float32[?,1,1,8]` |",
		"| daisy | 0 | 50.0 % | - |", "EXIF", "alexnet v1, TensorFlow 2.18.0", "resized to 76x76", "center 67x67", "License of the weights: unknown",
		`"data_fingerprint": "cb1f"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
}

// Viewers of Markdown show class names and the dataset literally, even if they contain tags, links, emphasis, formulas
// or cells.
func TestModelCardShowsNames(t *testing.T) {
	if testing.Short() {
		t.Skip("Python's viewers of Markdown take seconds; run without -short")
	}
	m := newModel(t, "squash", 1)
	names := []string{`"><img src=x onerror=alert(1)>`, "`a` **b** _c_ ~~d~~ $e$", "[f](javascript:g) ![h](i) <http://j>", `k | l \| m\n \`,
		"&lt;n&gt; &amp; &#111; https://p www.q.r", "s\x1bt\u202eu\n# v"}
	m.Description.Preprocessing.Classes = names
	m.Checkpoint.Config = json.RawMessage(`{"data":"<b>photos</b>","data_fingerprint":"<i>","x":"` + "```" + `<script>"}`)
	e := options
	e.Evaluation = &export.Evaluation{Data: "<b>photos</b>", Report: eval.Report{Confusion: make([][]int, len(names))}}
	for i, c := range names {
		e.Evaluation.Confusion[i] = make([]int, len(names))
		e.Evaluation.PerClass = append(e.Evaluation.PerClass, eval.ClassMetrics{Class: c})
	}
	dir := filepath.Join(t.TempDir(), "model")
	_, _, err := export.SavedModel(context.Background(), dir, m.Source, e)
	must(t, err)
	var shown map[string]struct{ Cells, Tags []string }
	must(t, json.Unmarshal(testenv.RunPython(t, "export/testdata/viewers.py", filepath.Join(dir, "assets.extra/model-card.md")), &shown))
	want := slices.Clone(names)
	want[5] = "s\ufffdt\ufffdu # v"
	for viewer, page := range shown {
		if len(page.Tags) > 0 {
			t.Errorf("%s: got tags %v, want none", viewer, page.Tags)
		}
		for _, cell := range append(want, strings.Join(want, ", "), "<b>photos</b>", "<i>") {
			if !slices.Contains(page.Cells, cell) {
				t.Errorf("%s: got no %q in %q", viewer, cell, page.Cells)
			}
		}
	}
	if len(shown) != 2 {
		t.Errorf("got %d viewers, want 2", len(shown))
	}
}

// A failed export leaves nothing behind.
func TestWriteRefuses(t *testing.T) {
	good := newModel(t, "squash", 1)
	damaged := newModel(t, "squash", 1)
	data := damaged.Prefix + ".data-00000-of-00001"
	text, err := os.ReadFile(data)
	must(t, err)
	text[len(text)/2] ^= 1
	must(t, os.WriteFile(data, text, 0o644))
	without := newModel(t, "squash", 1)
	must(t, os.Remove(without.Prefix+".index"))
	otherNames := good
	otherNames.Description.Preprocessing.Classes = classes[:2]
	wider := good
	wider.Description.Network.Widths = []int{8, 8, 8, 8, 8, 34, 24}
	refused, canceled := errors.New("refused"), context.Canceled
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		m    model
		fail error // of the reference
		want error
	}{
		"damaged values":          {context.Background(), damaged, nil, checkpoint.ErrDamaged},
		"no checkpoint":           {context.Background(), without, nil, fs.ErrNotExist},
		"names of other count":    {context.Background(), otherNames, nil, nil},
		"another network":         {context.Background(), wider, nil, nil},
		"a comparison that fails": {context.Background(), good, refused, refused},
		"canceled":                {gone, good, nil, canceled},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			e := options
			if c.fail != nil {
				e.Reference = &export.Reference{Predict: func(context.Context, []input.Example) ([][]float32, error) { return nil, c.fail }}
			}
			_, _, err := export.SavedModel(c.ctx, filepath.Join(parent, "model"), c.m.Source, e)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if left, _ := os.ReadDir(parent); len(left) > 0 {
				t.Errorf("got %v left behind, want nothing", left)
			}
		})
	}
}

func TestWriteLeavesWhatIsThere(t *testing.T) {
	m := newModel(t, "squash", 1)
	empty, full, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(filepath.Join(full, "mine"), []byte("mine"), 0o644))
	must(t, os.WriteFile(file, []byte("mine"), 0o644))
	if _, _, err := export.SavedModel(context.Background(), empty, m.Source, options); err != nil {
		t.Errorf("an empty directory: got %v", err)
	}
	slash := filepath.Join(t.TempDir(), "model") + string(filepath.Separator)
	if _, _, err := export.SavedModel(context.Background(), slash, m.Source, options); err != nil || len(files(t, slash)) != 6 {
		t.Errorf("a name that ends in a slash: got %v", err)
	}
	if _, _, err := export.SavedModel(context.Background(), full, m.Source, options); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a directory that is not empty: got %v", err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if _, _, err := export.SavedModel(context.Background(), path, m.Source, options); err == nil {
			t.Errorf("a file in the way of %q: got no error", path)
		}
	}
	if got := files(t, full); len(got) != 1 || got["mine"] != "mine" {
		t.Errorf("got %v, want it unchanged", got)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("got %q, %v, want it unchanged", text, err)
	}
}

// classify opens an export, by its directory or that of its versions, with bit-identical probabilities.
func TestClassifyOpensExports(t *testing.T) {
	m := newModel(t, "crop", 1)
	dir, pics := exported(t, m), testImages(t)
	must(t, os.CopyFS(filepath.Join(filepath.Dir(dir), "0"), os.DirFS(exported(t, newModel(t, "crop", 2)))))
	want := m.of(t, pics)
	for _, path := range []string{dir, filepath.Dir(dir)} {
		source, err := classify.Find(path)
		must(t, err)
		got := model{source}.of(t, pics)
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: %s: got %v, want %v", path, pics[i].Path, got[i], want[i])
			}
		}
	}
}

func TestClassifyRefusesDamagedExports(t *testing.T) {
	dir := exported(t, newModel(t, "squash", 1))
	flip := func(b []byte) []byte { b[len(b)/2] ^= 4; return b }
	gone := func([]byte) []byte { return nil }
	replaced := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !strings.Contains(string(b), old) {
				t.Fatalf("got no %q to replace", old)
			}
			return []byte(strings.Replace(string(b), old, new, 1))
		}
	}
	const card = "assets.extra/model.json"
	for name, c := range map[string]struct {
		file   string
		change func([]byte) []byte // nil removes
		want   string
	}{
		"a bit of the graph":        {"saved_model.pb", flip, "saved_model.pb: damaged"},
		"a bit of the values":       {"variables/variables.data-00000-of-00001", flip, "damaged"},
		"a bit of the index":        {"variables/variables.index", flip, "variables.index: damaged"},
		"a bit of the names":        {"assets/classes.txt", flip, "classes.txt: damaged"},
		"no graph":                  {"saved_model.pb", gone, "damaged"},
		"no values":                 {"variables/variables.data-00000-of-00001", gone, "damaged"},
		"no index":                  {"variables/variables.index", gone, "damaged"},
		"no card":                   {card, gone, "want one that alexnet export wrote"},
		"half a card":               {card, func(b []byte) []byte { return b[:len(b)/2] }, "damaged"},
		"another mean":              {card, replaced("123.68", "123.78"), "damaged"},
		"other channels":            {card, replaced(`"BGR"`, `"RGB"`), "damaged"},
		"another size":              {card, replaced(`"size": 67`, `"size": 71`), "damaged"},
		"a class less":              {card, replaced(`"daisy",`, ``), "damaged"},
		"another format":            {card, replaced(`"format": 1`, `"format": 2`), "got format 2, want 1"},
		"a file that is not listed": {card, replaced(`"variables/variables.index"`, `"variables/other.index"`), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "model")
			must(t, os.CopyFS(copied, os.DirFS(dir)))
			path := filepath.Join(copied, filepath.FromSlash(c.file))
			text, err := os.ReadFile(path)
			must(t, err)
			if text = c.change(text); text == nil {
				must(t, os.Remove(path))
			} else {
				must(t, os.WriteFile(path, text, 0o644))
			}
			m, err := classify.Open(context.Background(), copied, classify.Options{})
			if err == nil {
				m.Close()
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), copied) {
				t.Errorf("got %q, want %q and the directory in it", err, c.want)
			}
			if errors.Is(err, export.ErrForeign) && hint.Of(err) == "" {
				t.Error("got no hint")
			}
		})
	}
}
