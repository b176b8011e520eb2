// Package arrows_test checks the imports of every package against the diagram of README.md: which package may import which,
// and which packages build without C.
package arrows_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/testenv"
)

const module = "alexnet/"

// layers lists the packages from top to bottom: a package imports only from lines below its own. Programs come first. All
// of internal/ is the last line, unless listed above it; within it the compiler's ban on cycles is enough.
var layers = []string{
	"scripts/",
	"cmd/bench/",
	"cmd/bench",
	"docker",
	"docs",
	"cmd/alexnet",
	"serve",
	"report",
	"finetune",
	"internal/doctor",
	"internal/sandbox",
	"classify",
	"export",
	"internal/testmodel",
	"train",
	"eval",
	"checkpoint",
	"alexnet",
	"ops",
	"tfgraph",
	"internal/rundir",
	"input",
	"summaries",
	"internal/",
}

// independent lists, for a package, packages that it does not depend on, directly or through others: training knows no
// network, and nothing that uses a model knows training.
var independent = map[string][]string{
	"train":      {"alexnet", "classify", "export"},
	"eval":       {"alexnet", "train"},
	"checkpoint": {"alexnet", "train"},
	"alexnet":    {"train", "eval", "checkpoint"},
	"export":     {"train"},
	"classify":   {"train"},
	"serve":      {"train"},
	"input":      {"tfgraph"},
	"summaries":  {"tfgraph"},
}

// usesC lists the only packages that may import "C": tfgraph, and those that do something before Go starts: tfenv, which
// sets environment variables, and sandbox, which forks a child for the program. graft is the module that needs C besides
// these.
var usesC = []string{"tfgraph", "internal/tfenv", "internal/sandbox", "cmd/alexnet"}

const graft = "github.com/wamuir/graft/tensorflow"

// free reports whether a package must build and test without TensorFlow's C library.
func free(name string) bool {
	return name == "input" || name == "summaries" || height(name) == len(layers)-1
}

// height is the line of a package in layers, or -1.
func height(name string) int {
	return slices.IndexFunc(layers, func(line string) bool {
		return name == line || strings.HasSuffix(line, "/") && strings.HasPrefix(name, line)
	})
}

// checkArrow returns an error if one package of this module may not import another.
func checkArrow(from, to string) error {
	above, below := height(from), height(to)
	bottom := len(layers) - 1
	switch {
	case above < 0:
		return nil // checkPackage reports it
	case below < 0:
		return fmt.Errorf("package %q is not in layers: add it at its height", to)
	case above == bottom && below == bottom:
		return nil
	case above >= below:
		return fmt.Errorf("%s imports %s, which is not below it: imports only go down", from, to)
	}
	return nil
}

// listed holds the fields of `go list -json` that are used here.
type listed struct {
	ImportPath string
	Standard   bool
	CgoFiles   []string
	Imports    []string
	Deps       []string
}

// name returns the package's path within the module, and whether it is in the module.
func (p listed) name() (string, bool) { return strings.CutPrefix(p.ImportPath, module) }

// checkPackage checks the imports of one package of this module and its use of C.
func checkPackage(p listed) error {
	name, _ := p.name()
	var problems []error
	if height(name) < 0 {
		problems = append(problems, fmt.Errorf("package %q is not in layers: add it at its height", name))
	}
	for _, path := range p.Imports {
		if to, ours := strings.CutPrefix(path, module); ours {
			problems = append(problems, checkArrow(name, to))
		}
	}
	for _, to := range independent[name] {
		if slices.Contains(p.Deps, module+to) {
			problems = append(problems, fmt.Errorf("%s depends on %s, directly or not", name, to))
		}
	}
	if len(p.CgoFiles) > 0 && !slices.Contains(usesC, name) {
		problems = append(problems, fmt.Errorf(`%s imports "C" in %v: only %v may`, name, p.CgoFiles, usesC))
	}
	return errors.Join(problems...)
}

// checkFree returns an error if p depends, directly or not, on a package that needs C. withC holds all that do.
func checkFree(name string, p listed, withC map[string]bool) error {
	var problems []error
	for _, path := range p.Deps {
		path, _, _ = strings.Cut(path, " ") // "a [b.test]" is a as built for the test of b
		if withC[path] || path == module+"tfgraph" || path == graft {
			problems = append(problems, fmt.Errorf("%s needs %s: it must build and test without libtensorflow", name, path))
		}
	}
	return errors.Join(problems...)
}

// touch reads every folder that may hold a package. That makes them inputs of the test, so that go test does not reuse a
// cached result when another package changes.
func touch(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "runs" || name == "bin") {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatalf("walk repository: %v", err)
	}
}

// list returns every package of the module, their tests, and all that they depend on.
func list(t *testing.T) []listed {
	t.Helper()
	touch(t, testenv.Root(t))
	cmd := exec.Command("go", "list", "-deps", "-test", "-json=ImportPath,Standard,CgoFiles,Imports,Deps", "./...")
	cmd.Dir = testenv.Root(t)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // without it, files that need C are not listed at all
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v\n%s", err, stderr.Bytes())
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("read list of packages: %v", err)
		}
		packages = append(packages, p)
	}
}

func TestImports(t *testing.T) {
	packages := list(t)
	withC := map[string]bool{}
	for _, p := range packages {
		if !p.Standard && len(p.CgoFiles) > 0 && p.ImportPath != module+"internal/tfenv" { // which needs C, but not TensorFlow
			withC[p.ImportPath] = true
		}
	}
	seen := 0
	for _, p := range packages {
		name, ours := p.name()
		if !ours {
			continue
		}
		tested, isTest := strings.CutSuffix(name, ".test")
		if !isTest && !strings.Contains(name, " ") {
			seen++
			if err := checkPackage(p); err != nil {
				t.Error(err)
			}
		}
		if (isTest || !strings.Contains(name, " ")) && free(tested) {
			if err := checkFree(name, p, withC); err != nil {
				t.Error(err)
			}
		}
	}
	if seen == 0 {
		t.Errorf("got no package of %s in the list, want all", module)
	}
}

// The rules themselves, on invented packages.
func TestCheckPackage(t *testing.T) {
	tests := []struct {
		name string
		from listed
		want string // part of the error; empty for none
	}{
		{"down", listed{ImportPath: "alexnet/train", Imports: []string{"fmt", "alexnet/checkpoint"}}, ""},
		{"to the bottom", listed{ImportPath: "alexnet/alexnet", Imports: []string{"alexnet/internal/npy"}}, ""},
		{"cmd, to all", listed{ImportPath: "alexnet/cmd/alexnet", Imports: []string{"alexnet/train", "alexnet/alexnet"}}, ""},
		{"within internal", listed{ImportPath: "alexnet/internal/a", Imports: []string{"alexnet/internal/b"}}, ""},
		{"another module", listed{ImportPath: "alexnet/ops", Imports: []string{"example.com/train"}}, ""},
		{"up", listed{ImportPath: "alexnet/ops", Imports: []string{"alexnet/alexnet"}}, "ops imports alexnet"},
		{"up from the bottom", listed{ImportPath: "alexnet/internal/a", Imports: []string{"alexnet/tfgraph"}}, "internal/a imports tfgraph"},
		{"independent, down", listed{ImportPath: "alexnet/train", Deps: []string{"alexnet/alexnet"}}, "train depends on alexnet"},
		{"independent, up", listed{ImportPath: "alexnet/alexnet", Deps: []string{"alexnet/train"}}, "alexnet depends on train"},
		{"the program", listed{ImportPath: "alexnet/train", Imports: []string{"alexnet/cmd/alexnet"}}, "train imports cmd/alexnet"},
		{"the measurements", listed{ImportPath: "alexnet/cmd/alexnet", Imports: []string{"alexnet/cmd/bench"}}, "cmd/alexnet imports cmd/bench"},
		{"unknown", listed{ImportPath: "alexnet/helpers"}, `"helpers" is not in layers`},
		{"importing unknown", listed{ImportPath: "alexnet/train", Imports: []string{"alexnet/helpers"}}, `"helpers" is not in layers`},
		{"below a known one", listed{ImportPath: "alexnet/ops/more"}, `"ops/more" is not in layers`},
		{"C in tfgraph", listed{ImportPath: "alexnet/tfgraph", CgoFiles: []string{"session.go"}}, ""},
		{"C elsewhere", listed{ImportPath: "alexnet/input", CgoFiles: []string{"jpeg.go"}}, `input imports "C" in [jpeg.go]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantError(t, checkPackage(test.from), test.want) })
	}
}

func TestCheckFree(t *testing.T) {
	withC := map[string]bool{"example.com/sqlite": true}
	tests := []struct {
		name string
		deps []string
		want string
	}{
		{"none", nil, ""},
		{"graft's messages", []string{graft + "/core/framework/summary_go_proto"}, ""},
		{"graft", []string{"fmt", graft}, "needs " + graft},
		{"ours", []string{"alexnet/tfgraph"}, "needs alexnet/tfgraph"},
		{"ours in a test", []string{"alexnet/tfgraph [alexnet/input.test]"}, "needs alexnet/tfgraph"},
		{"a third", []string{"example.com/sqlite"}, "needs example.com/sqlite"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantError(t, checkFree("input", listed{Deps: test.deps}, withC), test.want)
		})
	}
}

func wantError(t *testing.T, got error, want string) {
	t.Helper()
	switch {
	case want == "" && got != nil:
		t.Errorf("got %q, want no error", got)
	case want != "" && (got == nil || !strings.Contains(got.Error(), want)):
		t.Errorf("got %v, want an error with %q", got, want)
	}
}
