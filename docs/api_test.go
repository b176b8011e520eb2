package docs

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/testenv"
)

// private folders hold no public API.
var private = []string{"internal", "cmd", "docs", "docker", "scripts"}

// maxExported is the bound on the public API: functions, methods of exported types, types, constants and variables.
const maxExported = 404

// standard methods are called through interfaces of the standard library.
var standard = []string{"String", "Error", "Unwrap", "Is", "As", "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText",
	"Close", "Read", "Write", "ServeHTTP", "Set", "Type", "Len", "Less", "Swap", "LogValue"}

// exported is a name of the public API.
type exported struct {
	name       string // train.Config.Validate
	package_   string
	documented bool     // or a standard method or the value of an enumeration
	mentions   []string // names of the same package in its signature or its fields
}

// api collects the public API and the names that other packages and Examples use.
type api struct {
	files *token.FileSet
	names map[string]*exported
	used  map[string]bool // train.Config; and .Validate, a method or field of any type
	// implemented has the methods of the package's interfaces, train..Step, whose documentation is there.
	implemented map[string]bool
}

// Every exported name outside internal/ and cmd/ is documented, except standard methods and the values of an enumeration,
// and it is used by another package or an Example, is part
// of the signature of such a name, or is listed in public-api.txt.
func TestPublicAPI(t *testing.T) {
	a := parseAPI(t, testenv.Root(t))
	listed := readList(t, "public-api.txt")
	var reach func(name string)
	reached := map[string]bool{}
	reach = func(name string) {
		if e := a.names[name]; e != nil && !reached[name] {
			reached[name] = true
			for _, m := range e.mentions {
				reach(m)
			}
		}
	}
	for name := range a.names {
		parts := strings.Split(name, ".")
		method := len(parts) == 3
		switch last := parts[len(parts)-1]; {
		case slices.Contains(listed, name), !method && a.used[name], method && (a.used["."+last] || slices.Contains(standard, last)):
			reach(name)
		}
	}
	for _, name := range listed {
		if a.names[name] == nil {
			t.Errorf("public-api.txt lists %s, which does not exist", name)
		}
	}
	perPackage := map[string]int{}
	for name, e := range a.names {
		perPackage[e.package_]++
		parts := strings.Split(name, ".")
		if !e.documented && !a.implemented[e.package_+".."+parts[len(parts)-1]] {
			t.Errorf("%s has no doc comment", name)
		}
		if !reached[name] {
			t.Errorf("%s is used by no other package and no Example: unexport it, or list it in public-api.txt", name)
		}
	}
	t.Logf("%d exported names: %v", len(a.names), perPackage)
	if len(a.names) > maxExported {
		t.Errorf("got %d exported names, want at most %d", len(a.names), maxExported)
	}
}

func readList(t *testing.T, path string) (names []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if line, _, _ := strings.Cut(lines.Text(), "#"); strings.TrimSpace(line) != "" {
			names = append(names, strings.TrimSpace(line))
		}
	}
	return names
}

// parseAPI reads all Go files of the module.
func parseAPI(t *testing.T, root string) *api {
	t.Helper()
	a := &api{files: token.NewFileSet(), names: map[string]*exported{}, used: map[string]bool{}, implemented: map[string]bool{}}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "runs" || name == "bin"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		file, err := parser.ParseFile(a.files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(folder, string(filepath.Separator))
		test := strings.HasSuffix(name, "_test.go")
		if !test && !slices.Contains(private, first) {
			a.declare(folder, file)
		}
		a.use(folder, file, test)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// declare adds the exported names of a file.
func (a *api) declare(folder string, file *ast.File) {
	add := func(name string, doc *ast.CommentGroup, node ast.Node) *exported {
		e := &exported{name: folder + "." + name, package_: folder, documented: doc != nil}
		ast.Inspect(node, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr: // a name of another package
				return false
			case *ast.Ident:
				if n.IsExported() {
					e.mentions = append(e.mentions, folder+"."+n.Name)
				}
			}
			return true
		})
		a.names[e.name] = e
		return e
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			receiver := ""
			if d.Recv != nil {
				if receiver = typeName(d.Recv.List[0].Type); !ast.IsExported(receiver) {
					continue
				}
				receiver += "."
			}
			if d.Name.IsExported() {
				e := add(receiver+d.Name.Name, d.Doc, d.Type)
				e.documented = e.documented || receiver != "" && slices.Contains(standard, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() {
						add(s.Name.Name, first(s.Doc, d.Doc), s.Type)
					}
					if i, ok := s.Type.(*ast.InterfaceType); ok {
						for _, m := range i.Methods.List {
							for _, name := range m.Names {
								a.implemented[folder+".."+name.Name] = true
							}
						}
					}
				case *ast.ValueSpec:
					for _, name := range s.Names {
						if name.IsExported() {
							e := add(name.Name, first(s.Doc, s.Comment, d.Doc), s)
							_, enumerated := s.Type.(*ast.Ident)
							e.documented = e.documented || enumerated
						}
					}
				}
			}
		}
	}
}

func first(groups ...*ast.CommentGroup) *ast.CommentGroup {
	for _, g := range groups {
		if g != nil {
			return g
		}
	}
	return nil
}

// typeName is the name of a receiver's type.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// use records what a file uses of other packages of the module: all of a file that is not a test, Examples of a test.
func (a *api) use(folder string, file *ast.File, test bool) {
	imports := map[string]string{}
	for _, i := range file.Imports {
		if path, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), "alexnet/"); ours {
			name := filepath.Base(path)
			if i.Name != nil {
				name = i.Name.Name
			}
			imports[name] = path
		}
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); test && !(ok && strings.HasPrefix(f.Name.Name, "Example")) {
			continue
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.IsExported() {
				if x, ok := s.X.(*ast.Ident); ok && imports[x.Name] != "" {
					if path := imports[x.Name]; path != folder || test {
						a.used[path+"."+s.Sel.Name] = true
					}
				} else if len(imports) > 0 {
					a.used["."+s.Sel.Name] = true
				}
			}
			return true
		})
	}
}
