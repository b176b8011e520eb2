package alexnet_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"alexnet/alexnet"
)

func TestArchitectures(t *testing.T) {
	for arch, want := range map[string]struct {
		roles          []string
		offset, stride int // of conv5
		smallest       int // image side
		shapes         map[string][]int64
	}{
		"bvlc": {strings.Fields("conv1 conv5 pool5 fc7"), 17, 16, 67, map[string][]int64{"conv2": {5, 5, 48, 256}, "fc6": {9216, 4096}}},
		"owt":  {strings.Fields("conv1 conv5 pool5 fc7"), 15, 16, 63, map[string][]int64{"conv2": {5, 5, 64, 192}, "fc6": {9216, 4096}}},
	} {
		t.Run(arch, func(t *testing.T) {
			c := alexnet.Config{Arch: arch, Classes: 2}
			a := c.Architecture()
			if got := []string{a.FirstConv(), a.LastConv(), a.Features(), a.Embedding()}; !slices.Equal(got, want.roles) {
				t.Errorf("got roles %q, want %q", got, want.roles)
			}
			if got, all := a.DefaultTrainable(true), a.DefaultTrainable(false); !slices.Equal(got, all[5:]) || len(all) != 8 {
				t.Errorf("got trainable layers %q of %q, want the last three of eight", got, all)
			}
			if offset, stride := a.ReceptiveField(a.LastConv()); offset != want.offset || stride != want.stride {
				t.Errorf("got receptive fields at %d+%d*i, want %d+%d*i", offset, stride, want.offset, want.stride)
			}
			for size, valid := range map[int]bool{want.smallest - 1: false, want.smallest: true} {
				sized := c
				sized.Size = size
				if err := sized.WithDefaults().Validate(); (err == nil) != valid {
					t.Errorf("size %d: got error %v, want it valid: %t", size, err, valid)
				}
			}
			for _, l := range c.Layers() {
				if shape, ok := want.shapes[l.Name]; ok && !slices.Equal(l.Weights, shape) {
					t.Errorf("%s: got weights %v, want %v", l.Name, l.Weights, shape)
				}
			}
		})
	}
}

// Layers, sizes and everything that follows from them stand in the literals of
// the architectures and nowhere else. Comments and the benchmarks, whose Python
// peers name layers too, may mention them.
func TestOnlyArchitecturesNameLayers(t *testing.T) {
	layers := regexp.MustCompile(`\b(conv[1-5]|fc[678]|norm[12]|pool[125]|dropout[567])\b|\b22[47]\b`)
	literals := []string{"alexnet/bvlc.go", "alexnet/owt.go"}
	root := ".."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if entry.IsDir() {
			if name != "." && strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || name == "cmd/bench" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || slices.Contains(literals, name) {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && layers.MatchString(l.Value) {
				t.Errorf("%s: got literal %s, want it derived from the architecture", files.Position(l.Pos()), l.Value)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
