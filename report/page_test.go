package report

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // formats of the page's images
	_ "image/png"  //
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"alexnet/internal/display"
)

// document is a parsed page.
type document struct{ root *html.Node }

func parse(t testing.TB, text []byte) document {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(text))
	must(t, err)
	return document{root}
}

// all are the elements of a kind, below the one with the id where there is one.
func (d document) all(kind, below string) (nodes []*html.Node) {
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && (kind == "*" || n.Data == kind) && (below == "" || inside(n, below)) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func inside(n *html.Node, section string) bool {
	for p := range n.Ancestors() {
		if p.Data == "section" && attribute(p, "aria-labelledby") == section {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func texts(nodes []*html.Node) (all []string) {
	for _, n := range nodes {
		all = append(all, strings.TrimSpace(textOf(n)))
	}
	return all
}

var sections = []string{"training", "confusion", "classes", "curves", "errors", "margin", "attention", "filters", "data", "settings", "versions"}

func TestPage(t *testing.T) {
	for _, classes := range []int{2, 30} {
		t.Run(fmt.Sprint(classes), func(t *testing.T) {
			dir, _ := trainedRun(t, classes)
			model, data := openModel(t, dir), openDataset(t, dir)
			p, text := makePage(t, dir, model, data)
			d := parse(t, text)
			want, err := model.Evaluate(t.Context(), data.Val, 3)
			must(t, err)
			if got := p.Measured.Scores.Report; got.Count != want.Count || got.Accuracy != want.Accuracy {
				t.Errorf("got accuracy %v of %d, want %v of %d", got.Accuracy, got.Count, want.Accuracy, want.Count)
			}
			if p.Notes != nil {
				t.Errorf("got notes %q, want none", p.Notes)
			}
			for _, id := range sections {
				if len(d.all("h2", id)) != 1 {
					t.Errorf("got no section %q", id)
				}
			}
			checkConfusion(t, d, want.Confusion)
			checkClasses(t, d, model.Source.Description.Preprocessing.Classes)
			wrong := want.Count - int(float64(want.Count)*want.Accuracy+.5)
			for id, n := range map[string]int{"errors": min(12, wrong), "margin": min(12, want.Count), "attention": 2 * len(p.Measured.Attentions), "filters": 8} {
				if got := len(d.all("img", id)); got != n {
					t.Errorf("section %q: got %d images, want %d", id, got, n)
				}
			}
			if got := len(p.Measured.Attentions); got < 1 || got > classes {
				t.Errorf("got %d Grad-CAM images", got)
			}
			if got := len(d.all("svg", "")); got != 5 {
				t.Errorf("got %d plots, want 5", got)
			}
			checkPage(t, d, text)
		})
	}
}

func checkConfusion(t *testing.T, d document, want [][]int) {
	t.Helper()
	rows := d.all("tr", "confusion")[1 : 1+len(want)]
	for i, row := range rows {
		var got []int
		for _, cell := range texts(slices.Collect(row.ChildNodes()))[1:] {
			n, _ := strconv.Atoi(cell) // a dot is none
			got = append(got, n)
		}
		if !slices.Equal(got, want[i]) {
			t.Errorf("confusion, row %d: got %v, want %v", i, got, want[i])
		}
	}
}

func checkClasses(t *testing.T, d document, want []string) {
	t.Helper()
	var got []string
	for _, th := range d.all("th", "classes") {
		if attribute(th, "scope") == "row" {
			got = append(got, textOf(th))
		}
	}
	if !slices.Equal(got, append(slices.Clone(want), "mean")) {
		t.Errorf("got rows of classes %q, want %q and their mean", got, want)
	}
}

// checkPage checks invariants of every page: no scripts, no external content, text alternatives.
func checkPage(t *testing.T, d document, text []byte) {
	t.Helper()
	if len(text) > 3<<20 {
		t.Errorf("got a page of %d bytes, want less than 3 MiB", len(text))
	}
	ids := map[string]bool{}
	for _, n := range d.all("*", "") {
		if id := attribute(n, "id"); id != "" && ids[id] {
			t.Errorf("duplicate id %q", id)
		} else if id != "" {
			ids[id] = true
		}
	}
	for _, n := range d.all("*", "") {
		if slices.Contains([]string{"script", "iframe", "object", "embed", "form", "base"}, n.Data) {
			t.Errorf("got an element %s", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"):
				t.Errorf("got %s=%q in %s", a.Key, a.Val, n.Data)
			case a.Key == "src":
				checkImage(t, a.Val)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "#") && a.Val != "data:,":
				t.Errorf("got a link to %q", a.Val)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#") && !ids[a.Val[1:]]:
				t.Errorf("got a link to %q, which does not exist", a.Val)
			}
		}
		if n.Data == "img" && (attribute(n, "alt") == "" && attribute(n.Parent, "aria-label") == "" || attribute(n, "width") == "" || attribute(n, "height") == "") {
			t.Error("got an image without alternative text or size")
		}
		if n.Data == "svg" && (attribute(n, "role") != "img" || attribute(n, "aria-label") == "") {
			t.Error("got a plot without alternative text")
		}
		if n.Data == "th" && attribute(n, "scope") == "" {
			t.Errorf("got the heading %q without scope", textOf(n))
		}
	}
	for n := range d.root.Descendants() {
		values := []html.Attribute{{Val: n.Data}}
		for _, v := range append(values, n.Attr...) {
			if v.Key != "src" && (strings.Contains(v.Val, "ZgotmplZ") || strings.Contains(v.Val, "NaN")) {
				t.Errorf("the template rejected a value, or it is NaN: %.100q", v.Val)
			}
		}
	}
	if !bytes.Contains(text, []byte(`http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;`)) {
		t.Error("got no content security policy")
	}
}

func checkImage(t *testing.T, url string) {
	t.Helper()
	_, encoded, ok := strings.Cut(url, ";base64,")
	if !ok || !strings.HasPrefix(url, "data:image/") {
		t.Errorf("got an image from %.40q", url)
		return
	}
	bytesOf, err := base64.StdEncoding.DecodeString(encoded)
	must(t, err)
	if _, _, err := image.Decode(bytes.NewReader(bytesOf)); err != nil {
		t.Errorf("decode image: %v", err)
	}
}

// Untrusted names stay text.
func TestHostileNames(t *testing.T) {
	dir, _ := trainedRun(t, 2)
	model, data := openModel(t, dir), openDataset(t, dir)
	evil := `</title></style></svg><script>alert(3)</script><a href="javascript:alert(4)" style="--v:url(http://example.com)">`
	model.Source.Description.Preprocessing.Classes, data.Classes = []string{evil, `'"` + "`"}, []string{evil, `'"` + "`"}
	model.Source.Checkpoint.Config = []byte(`{"data":` + strconv.Quote(evil) + `,"seed":18446744073709551615}`)
	p, err := Make(t.Context(), dir, model, data, Options{Gallery: len(data.Val), Notes: []string{evil}, Versions: []Row{{evil, evil}}})
	must(t, err)
	p.Name = evil
	text, err := p.HTML()
	must(t, err)
	d := parse(t, text)
	checkPage(t, d, text)
	if got := textOf(d.all("h1", "")[0]); got != evil {
		t.Errorf("got the name %q, want it unchanged", got)
	}
	settings := texts(d.all("td", "settings"))
	if !slices.Equal(settings, []string{evil, "18446744073709551615"}) {
		t.Errorf("got settings %q, want the text and the exact seed", settings)
	}
	if !slices.ContainsFunc(texts(d.all("p", "margin")), func(s string) bool { return strings.HasSuffix(s, "/"+hostileFile) }) {
		t.Error("no image in the gallery has the hostile name")
	}
}

func TestWithoutImages(t *testing.T) {
	dir, _ := trainedRun(t, 2)
	model := openModel(t, dir)
	for name, prepare := range map[string]func() (p *Page, text []byte){
		"no dataset": func() (*Page, []byte) { return makePage(t, dir, model, nil) },
		"no validation images": func() (*Page, []byte) {
			data := openDataset(t, dir)
			data.Val, data.ValFrom = nil, ""
			return makePage(t, dir, model, data)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, text := prepare()
			d := parse(t, text)
			checkPage(t, d, text)
			if p.Measured != nil || len(d.all("h2", "confusion")) != 0 || len(d.all("h2", "filters")) != 1 || len(d.all("h2", "training")) != 1 {
				t.Error("want a page with training and filters, but without measurements")
			}
			if p.Cards[0].Name != "accuracy" || p.Cards[0].Value != display.Percent(model.Source.Checkpoint.Metrics.Accuracy) {
				t.Errorf("got %+v, want the accuracy from the checkpoint", p.Cards[0])
			}
		})
	}
}

// Unreadable images are excluded from all figures and named in the notes.
func TestDamagedImages(t *testing.T) {
	dir, _ := trainedRun(t, 2)
	data := openDataset(t, dir)
	damaged, missing := data.Val[0], data.Val[1]
	for _, path := range []string{damaged.Path, missing.Path} {
		whole, err := os.ReadFile(path)
		must(t, err)
		defer func() { must(t, os.WriteFile(path, whole, 0o666)) }()
		must(t, os.WriteFile(path, whole[:len(whole)/2], 0o666))
	}
	must(t, os.Remove(missing.Path))
	p, text := makePage(t, dir, openModel(t, dir), data)
	if got, want := p.Measured.Scores.Count, len(data.Val)-2; got != want {
		t.Errorf("got %d images measured, want %d", got, want)
	}
	if len(p.Notes) != 2 || !strings.Contains(p.Notes[0], damaged.Path) || !strings.Contains(p.Notes[1], missing.Path) {
		t.Errorf("got notes %q, want both images named", p.Notes)
	}
	checkPage(t, parse(t, text), text)

	data.Val = data.Val[:2]
	p, text = makePage(t, dir, openModel(t, dir), data)
	if p.Measured != nil {
		t.Error("got figures without images")
	}
	checkPage(t, parse(t, text), text)
}

func TestMakeCanceled(t *testing.T) {
	dir, _ := trainedRun(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Make(ctx, dir, openModel(t, dir), openDataset(t, dir), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
