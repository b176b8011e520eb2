package main

import (
	"bytes"
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
		want  machine
		free  int64
	}{
		{"nothing to read", nil, machine{Vector: []string{}}, 0},
		{"no limit", map[string]string{
			"proc/cpuinfo": cpu, "proc/meminfo": "MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\n",
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n",
		}, machine{Processor: "Some CPU", Vector: []string{"avx", "avx2", "avx512_vnni"}, MemoryTotal: 2 << 20, MemoryAvailable: 1 << 20}, 1 << 20},
		{"limit further up", map[string]string{
			"proc/meminfo": "MemTotal: 2048 kB\nMemAvailable: 1024 kB\n", "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "900000\n", "sys/fs/cgroup/a/memory.max": "500000\n", "sys/fs/cgroup/a/memory.current": "100000\n",
		}, machine{Vector: []string{}, MemoryTotal: 2 << 20, MemoryAvailable: 1 << 20, MemoryLimit: 500000, MemoryUsed: 100000}, 400000},
		{"limit of version 1", map[string]string{
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "700000\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "800000\n",
		}, machine{Vector: []string{}, MemoryLimit: 700000, MemoryUsed: 800000}, 1},
		{"version 1 without a limit", map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"},
			machine{Vector: []string{}}, 0},
		{"Arm", map[string]string{"proc/cpuinfo": "Features\t: fp asimd\n"}, machine{Vector: []string{"asimd"}}, 0},
		{"odd words", map[string]string{"proc/meminfo": "MemTotal: many kB\nMemAvailable: -1 kB\n", "proc/self/cgroup": "0::../../x\n"},
			machine{Vector: []string{}}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := readMachine(proc(test.files))
			if got.Cores < 1 {
				t.Errorf("got %d cores, want some", got.Cores)
			}
			got.Cores = 0
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if got.free() != test.free {
				t.Errorf("got %d bytes free, want %d", got.free(), test.free)
			}
			if line := got.processor(3) + got.memory(); !strings.Contains(line, "3 threads") {
				t.Errorf("got %q, want the threads named", line)
			}
		})
	}
}

func TestProfits(t *testing.T) {
	for sets, want := range map[string]bool{"": false, "avx": false, "avx avx2": true, "asimd": false, "asimd sve": true} {
		if got := (machine{Vector: strings.Fields(sets)}).profits(); got != want {
			t.Errorf("%q: got %v, want %v", sets, got, want)
		}
	}
}

func TestBytesText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1536: "1.5 KiB", 3 << 20: "3.0 MiB", 5 << 29: "2.5 GiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestMultiply(t *testing.T) {
	if err := multiply(t.Context()); err != nil {
		t.Error(err)
	}
}

// Each group of equal files is one finding, by the worst that it does.
func TestJudgeDuplicates(t *testing.T) {
	cat, same, dog := input.Example{Path: "a"}, input.Example{Path: "b"}, input.Example{Path: "c", Label: 1}
	tests := []struct {
		name    string
		group   input.Duplicate
		problem string // "" for advice
	}{
		{"within", input.Duplicate{Train: []input.Example{cat, same}}, ""},
		{"across parts", input.Duplicate{Train: []input.Example{cat}, Val: []input.Example{same}}, "is trained and validated on"},
		{"two classes", input.Duplicate{Train: []input.Example{cat, dog}}, "with another class"},
		{"both", input.Duplicate{Train: []input.Example{cat}, Val: []input.Example{dog}}, "with another class"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := &diagnosis{Healthy: true, Data: &examination{}}
			d.judgeDuplicates([]input.Duplicate{test.group})
			if d.Healthy != (test.problem == "") || len(d.Problems)+len(d.Advice) != 1 || len(d.Data.Duplicates) != 1 {
				t.Fatalf("got problems %v, advice %v, want one finding", d.Problems, d.Advice)
			}
			if test.problem != "" && !strings.Contains(d.Problems[0].Reason, test.problem) {
				t.Errorf("got %q, want %q", d.Problems[0].Reason, test.problem)
			}
		})
	}
}

func TestJudgeCounts(t *testing.T) {
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
		{"no validation", examples(50, 50), nil, []string{"no pictures to validate on"}},
		{"few", examples(50, 19), examples(1), []string{`class "dog" has only 19`}},
		{"lopsided", examples(60, 20), examples(1), []string{`right on 75 %`}},
		{"empty class", examples(60, 0), examples(1), []string{`class "dog" has no picture`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := &diagnosis{Healthy: true}
			d.judgeCounts(&input.Dataset{Classes: []string{"cat", "dog"}, Train: test.train, Val: test.val})
			var got []string
			for _, p := range d.Problems {
				got = append(got, p.Reason)
			}
			got = append(got, d.Advice...)
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

func TestWriteFindings(t *testing.T) {
	d := &diagnosis{Healthy: true}
	d.problem("x.png", "is damaged", "draw it anew")
	d.advise("sleep %d hours", 8)
	var b bytes.Buffer
	if err := d.writeFindings(&b); err != nil {
		t.Fatal(err)
	}
	want := "\nto put right (1):\n  x.png: is damaged\n    hint: draw it anew\n\nworth knowing:\n  sleep 8 hours\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
