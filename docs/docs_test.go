// Package docs holds what is written here against the code.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"alexnet/internal/testenv"
)

// A test that a page names is there, in a package of that name; a name may be the
// beginning of several.
func TestNamedTestsExist(t *testing.T) {
	sources := map[string][]byte{}
	files, err := filepath.Glob("../*/*_test.go")
	deeper, deepErr := filepath.Glob("../*/*/*_test.go")
	if err != nil || deepErr != nil {
		t.Fatal(err, deepErr)
	}
	for _, path := range append(files, deeper...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(filepath.Dir(path))
		sources[name] = append(sources[name], text...)
	}
	text, err := os.ReadFile("reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z]+)\\.((?:Test|Fuzz)[A-Za-z]*)`").FindAllSubmatch(text, -1)
	if len(named) < 30 {
		t.Errorf("got %d names, want those of the tables", len(named))
	}
	for _, n := range named {
		if !regexp.MustCompile(`(?m)^func ` + string(n[2])).Match(sources[string(n[1])]) {
			t.Errorf("reliability.md names %s.%s, which is not there", n[1], n[2])
		}
	}
}

// A picture or page that a page shows or links is there.
func TestLinkedFilesExist(t *testing.T) {
	root := testenv.Root(t)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, filepath.Join(root, "README.md"), filepath.Join(root, "SECURITY.md"), filepath.Join(root, "docker", "README.md"))
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)[^):]*\)`).FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), string(link[1]))); err != nil {
				t.Errorf("%s links %s: %v", page, link[1], err)
			}
		}
	}
}
