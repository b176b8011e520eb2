// Package docs checks the pages of this folder against the code.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"alexnet/internal/testenv"
)

// Every test that reliability.md names exists, in a package of that name. A name that ends in * stands for all tests
// whose names begin with it, at least two.
func TestNamedTestsExist(t *testing.T) {
	tests := map[string][]string{}
	for _, pattern := range []string{"../*/*_test.go", "../*/*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(filepath.Dir(path))
			for _, f := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllSubmatch(text, -1) {
				tests[name] = append(tests[name], string(f[1]))
			}
		}
	}
	text, err := os.ReadFile("reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z]+)\\.((?:Test|Fuzz)[A-Za-z0-9]*)(\\*?)`").FindAllSubmatch(text, -1)
	if len(named) < 30 {
		t.Errorf("got %d names, want those of the tables", len(named))
	}
	for _, n := range named {
		name, family := string(n[2]), len(n[3]) > 0
		found := 0
		for _, test := range tests[string(n[1])] {
			if test == name || family && strings.HasPrefix(test, name) {
				found++
			}
		}
		if found == 0 || family && found < 2 {
			t.Errorf("reliability.md names %s: got %d tests of that name", n[0], found)
		}
	}
}

// Every source file that CONTRIBUTING.md names exists.
func TestNamedFilesExist(t *testing.T) {
	root := testenv.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile("`([a-z/-]+/[A-Za-z_-]+[.][a-z]+)`").FindAllSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, string(name[1]))); err != nil {
			t.Errorf("CONTRIBUTING.md names %s: %v", name[1], err)
		}
	}
}

// Every test that a script runs by name exists.
func TestScriptsNameTests(t *testing.T) {
	root := testenv.Root(t)
	var tests []byte
	for _, pattern := range []string{"*/*_test.go", "*/*/*_test.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			tests = append(tests, text...)
		}
	}
	scripts, err := filepath.Glob(filepath.Join(root, "scripts", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range scripts {
		text, _ := os.ReadFile(path) // a folder has none
		for _, run := range regexp.MustCompile(`-run '?\^?(Test\w+)`).FindAllSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^func ` + string(run[1]) + `\w*\(`).Match(tests) {
				t.Errorf("%s runs %s, which does not exist", filepath.Base(path), run[1])
			}
		}
	}
}

// Every file that a page shows or links exists.
func TestLinkedFilesExist(t *testing.T) {
	root := testenv.Root(t)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docker/README.md"} {
		pages = append(pages, filepath.Join(root, name))
	}
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

// README stays short enough to read in five minutes.
func TestReadmeIsShort(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testenv.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(strings.Fields(string(text))); got > 900 {
		t.Errorf("README.md: got %d words, want at most 900", got)
	}
}
