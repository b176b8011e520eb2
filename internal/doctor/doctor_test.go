package doctor

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"alexnet/input"
)

// proc is a root file system with these files.
func proc(files map[string]string) fstest.MapFS {
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestReadMachine(t *testing.T) {
	cpu := "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx avx2 avx512_vnni\n\nprocessor\t: 1\nmodel name\t: Some CPU\nflags\t\t: fpu avx avx2 avx512_vnni\n"
	tests := []struct {
		name  string
		files map[string]string
		want  Machine
		free  int64
	}{
		{"nothing to read", nil, Machine{Vector: []string{}}, 0},
		{"no limit", map[string]string{
			"proc/cpuinfo": cpu, "proc/meminfo": "MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\n",
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n",
		}, Machine{Processor: "Some CPU", Vector: []string{"avx", "avx2", "avx512_vnni"}, MemoryTotal: 2 << 20, MemoryAvailable: 1 << 20}, 1 << 20},
		{"limit further up", map[string]string{
			"proc/meminfo": "MemTotal: 2048 kB\nMemAvailable: 1024 kB\n", "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "900000\n", "sys/fs/cgroup/a/memory.max": "500000\n", "sys/fs/cgroup/a/memory.current": "100000\n",
		}, Machine{Vector: []string{}, MemoryTotal: 2 << 20, MemoryAvailable: 1 << 20, MemoryLimit: 500000, MemoryUsed: 100000}, 400000},
		{"limit of version 1", map[string]string{
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "700000\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "800000\n",
		}, Machine{Vector: []string{}, MemoryLimit: 700000, MemoryUsed: 800000}, 1},
		{"version 1 without a limit", map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"},
			Machine{Vector: []string{}}, 0},
		{"Arm", map[string]string{"proc/cpuinfo": "Features\t: fp asimd\n"}, Machine{Vector: []string{"asimd"}}, 0},
		{"odd words", map[string]string{"proc/meminfo": "MemTotal: many kB\nMemAvailable: -1 kB\n", "proc/self/cgroup": "0::../../x\n"},
			Machine{Vector: []string{}}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ReadMachine(proc(test.files))
			if got.Cores < 1 {
				t.Errorf("got %d cores, want some", got.Cores)
			}
			got.Cores = 0
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if got.Free() != test.free {
				t.Errorf("got %d bytes free, want %d", got.Free(), test.free)
			}
			if line := got.processor(3) + got.memory(); !strings.Contains(line, "3 threads") {
				t.Errorf("got %q, want the threads named", line)
			}
		})
	}
}

func TestFastOneDNN(t *testing.T) {
	for sets, want := range map[string]bool{"": false, "avx": false, "avx avx2": true, "asimd": false, "asimd sve": true} {
		if got := (Machine{Vector: strings.Fields(sets)}).fastOneDNN(); got != want {
			t.Errorf("%q: got %v, want %v", sets, got, want)
		}
	}
}

func TestMultiply(t *testing.T) {
	if err := multiply(t.Context()); err != nil {
		t.Error(err)
	}
}

// Each group of equal files is one finding, by the worst that it does.
func TestCheckDuplicates(t *testing.T) {
	cat, same, dog := input.Example{Path: "a"}, input.Example{Path: "b"}, input.Example{Path: "c", Label: 1}
	tests := []struct {
		name    string
		group   duplicate
		problem string // "" for a warning
	}{
		{"within", duplicate{Train: []input.Example{cat, same}}, ""},
		{"across parts", duplicate{Train: []input.Example{cat}, Val: []input.Example{same}}, "in both the training and the validation split"},
		{"two classes", duplicate{Train: []input.Example{cat, dog}}, "with another class"},
		{"both", duplicate{Train: []input.Example{cat}, Val: []input.Example{dog}}, "with another class"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &Report{Healthy: true, Data: &Dataset{}}
			r.checkDuplicates([]*duplicate{&test.group})
			if r.Healthy != (test.problem == "") || len(r.Problems)+len(r.Warnings) != 1 || len(r.Data.Duplicates) != 1 {
				t.Fatalf("got problems %v, warnings %v, want one finding", r.Problems, r.Warnings)
			}
			if test.problem != "" && !strings.Contains(r.Problems[0].Reason, test.problem) {
				t.Errorf("got %q, want %q", r.Problems[0].Reason, test.problem)
			}
		})
	}
}

func TestCheckCounts(t *testing.T) {
	examples := func(counts ...int) (all []input.Example) {
		for label, n := range counts {
			for range n {
				all = append(all, input.Example{Label: label})
			}
		}
		return all
	}
	tests := []struct {
		name       string
		train, val []input.Example
		want       []string // parts of findings, in order, before the one on chance
	}{
		{"even", examples(50, 50), examples(5, 5), nil},
		{"no validation", examples(50, 50), nil, []string{"no validation split"}},
		{"few", examples(50, 19), examples(1), []string{`class "dog" has only 19`}},
		{"lopsided", examples(60, 20), examples(1), []string{`correct for 75 %`}},
		{"empty class", examples(60, 0), examples(1), []string{`class "dog" has no usable`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &Report{Healthy: true}
			r.checkCounts(&input.Dataset{Classes: []string{"cat", "dog"}, Train: test.train, Val: test.val})
			var got []string
			for _, p := range r.Problems {
				got = append(got, p.Reason)
			}
			got = append(got, r.Warnings...)
			if len(got) != len(test.want)+1 || !strings.Contains(got[len(got)-1], "ln(2) = 0.693") {
				t.Fatalf("got %q, want %q and the loss of chance", got, test.want)
			}
			for i, want := range test.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("got %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestPrintFindings(t *testing.T) {
	r := &Report{Healthy: true}
	r.problem(input.Excluded{Path: "x.png", Reason: "is damaged", Hint: "restore it"})
	r.warn("sleep %d hours", 8)
	var b bytes.Buffer
	if err := r.printFindings(&b); err != nil {
		t.Fatal(err)
	}
	want := "\nproblems (1):\n  x.png: is damaged\n    hint: restore it\n\nwarnings (1):\n  sleep 8 hours\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestPrintManyClasses(t *testing.T) {
	d := &Dataset{Layout: "class folders"}
	for i := range 1000 {
		d.Classes = append(d.Classes, ClassCount{Class: fmt.Sprintf("c%03d", i), Train: 1000 - i})
	}
	var b bytes.Buffer
	d.print(&b)
	if text := b.String(); strings.Count(text, "\n") > maxShown+10 || !strings.Contains(text, "50 of 1000 classes") || !strings.Contains(text, "c999\t1\t0") {
		t.Errorf("got %s", text)
	}
}
