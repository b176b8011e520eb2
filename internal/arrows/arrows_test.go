// Package arrows_test keeps the picture of the packages true: which may import which, and which need no C.
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

// picture has the packages from top to bottom: a package imports only from lines below its own. First stands what
// only people call. All of internal/ is the last line, within which the compiler's ban on cycles is enough.
var picture = []string{
	"scripts/",
	"cmd/bench",
	"docker",
	"docs",
	"cmd/alexnet",
	"serve",
	"report",
	"finetune",
	"internal/sandbox",
	"classify",
	"train",
	"eval",
	"export",
	"internal/testmodel",
	"checkpoint",
	"alexnet",
	"ops",
	"tfgraph",
	"input",
	"summaries",
	"internal/",
}

// strangers never import each other, in either direction: finetune introduces them.
var strangers = [2]string{"train", "alexnet"}

// gate is the only package that may import "C", beside program for what has to happen before any line of Go, and
// graft is what needs it beside us.
const (
	gate    = "tfgraph"
	program = "cmd/alexnet"
	graft   = "github.com/wamuir/graft/tensorflow"
)

// free packages build and test without TensorFlow's C library.
func free(name string) bool {
	return name == "input" || name == "summaries" || height(name) == len(picture)-1
}

// height is the line of the picture that a package stands on, or -1.
func height(name string) int {
	return slices.IndexFunc(picture, func(line string) bool {
		return name == line || strings.HasSuffix(line, "/") && strings.HasPrefix(name, line)
	})
}

// checkArrow says what is wrong with one package of this module importing another, or nil.
func checkArrow(from, to string) error {
	above, below := height(from), height(to)
	bottom := len(picture) - 1
	switch {
	case above < 0:
		return nil // a complaint of its own, made once
	case below < 0:
		return fmt.Errorf("package %q is not in the picture: enter it at its height", to)
	case from == strangers[0] && to == strangers[1], from == strangers[1] && to == strangers[0]:
		return fmt.Errorf("%s imports %s: they never import each other, finetune introduces them", from, to)
	case above == bottom && below == bottom:
		return nil
	case above >= below:
		return fmt.Errorf("%s imports %s, which is not below it: the arrows of the picture only go down", from, to)
	}
	return nil
}

// listed is what is used here of a package that `go list -json` describes.
type listed struct {
	ImportPath string
	Standard   bool
	CgoFiles   []string
	Imports    []string
	Deps       []string
}

// name is the package's path within the module and whether it is in the module.
func (p listed) name() (string, bool) { return strings.CutPrefix(p.ImportPath, module) }

// checkPackage says all that is wrong with the arrows of one package of this module, and its use of C.
func checkPackage(p listed) error {
	name, _ := p.name()
	var problems []error
	if height(name) < 0 {
		problems = append(problems, fmt.Errorf("package %q is not in the picture: enter it at its height", name))
	}
	for _, path := range p.Imports {
		if to, ours := strings.CutPrefix(path, module); ours {
			problems = append(problems, checkArrow(name, to))
		}
	}
	if len(p.CgoFiles) > 0 && name != gate && name != program {
		problems = append(problems, fmt.Errorf(`%s imports "C" in %v: only %s may`, name, p.CgoFiles, gate))
	}
	return errors.Join(problems...)
}

// checkFree says which of the packages that p needs, directly or not, need C. withC are all those that do.
func checkFree(name string, p listed, withC map[string]bool) error {
	var problems []error
	for _, path := range p.Deps {
		path, _, _ = strings.Cut(path, " ") // "a [b.test]" is a as built for the test of b
		if withC[path] || path == module+gate || path == graft {
			problems = append(problems, fmt.Errorf("%s needs %s: it has to build and test without libtensorflow", name, path))
		}
	}
	return errors.Join(problems...)
}

// touch reads every folder that may hold a package. That makes them inputs of the test: go test would otherwise
// show a stored result when another package changes.
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

// list asks the go command for every package of the module, their tests, and all that they need.
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

func TestPicture(t *testing.T) {
	packages := list(t)
	withC := map[string]bool{}
	for _, p := range packages {
		if !p.Standard && len(p.CgoFiles) > 0 {
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

// The rules themselves, on made-up packages.
func TestCheckPackage(t *testing.T) {
	tests := []struct {
		name string
		from listed
		want string // part of the complaint; empty for none
	}{
		{"down", listed{ImportPath: "alexnet/train", Imports: []string{"fmt", "alexnet/checkpoint"}}, ""},
		{"to the bottom", listed{ImportPath: "alexnet/alexnet", Imports: []string{"alexnet/internal/npy"}}, ""},
		{"cmd, to all", listed{ImportPath: "alexnet/cmd/alexnet", Imports: []string{"alexnet/train", "alexnet/alexnet"}}, ""},
		{"within internal", listed{ImportPath: "alexnet/internal/a", Imports: []string{"alexnet/internal/b"}}, ""},
		{"another module", listed{ImportPath: "alexnet/ops", Imports: []string{"example.com/train"}}, ""},
		{"up", listed{ImportPath: "alexnet/ops", Imports: []string{"alexnet/alexnet"}}, "ops imports alexnet"},
		{"up from the bottom", listed{ImportPath: "alexnet/internal/a", Imports: []string{"alexnet/tfgraph"}}, "internal/a imports tfgraph"},
		{"strangers, down", listed{ImportPath: "alexnet/train", Imports: []string{"alexnet/alexnet"}}, "never import each other"},
		{"strangers, up", listed{ImportPath: "alexnet/alexnet", Imports: []string{"alexnet/train"}}, "never import each other"},
		{"the program", listed{ImportPath: "alexnet/train", Imports: []string{"alexnet/cmd/alexnet"}}, "train imports cmd/alexnet"},
		{"the measurements", listed{ImportPath: "alexnet/cmd/alexnet", Imports: []string{"alexnet/cmd/bench"}}, "cmd/alexnet imports cmd/bench"},
		{"unknown", listed{ImportPath: "alexnet/helpers"}, `"helpers" is not in the picture`},
		{"importing unknown", listed{ImportPath: "alexnet/train", Imports: []string{"alexnet/helpers"}}, `"helpers" is not in the picture`},
		{"below a known one", listed{ImportPath: "alexnet/ops/more"}, `"ops/more" is not in the picture`},
		{"C at the gate", listed{ImportPath: "alexnet/tfgraph", CgoFiles: []string{"session.go"}}, ""},
		{"C elsewhere", listed{ImportPath: "alexnet/input", CgoFiles: []string{"jpeg.go"}}, `input imports "C" in [jpeg.go]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantComplaint(t, checkPackage(test.from), test.want) })
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
			wantComplaint(t, checkFree("input", listed{Deps: test.deps}, withC), test.want)
		})
	}
}

func wantComplaint(t *testing.T, got error, want string) {
	t.Helper()
	switch {
	case want == "" && got != nil:
		t.Errorf("got %q, want no complaint", got)
	case want != "" && (got == nil || !strings.Contains(got.Error(), want)):
		t.Errorf("got %v, want a complaint with %q", got, want)
	}
}
