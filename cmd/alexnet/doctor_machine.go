package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// machine is what Linux says of where the program runs. What it does not say
// is zero.
type machine struct {
	Processor       string   `json:"processor,omitempty"`
	Cores           int      `json:"cores"`                      // that the process may use
	Vector          []string `json:"vector"`                     // the instruction sets that matter here
	MemoryTotal     int64    `json:"memory_total,omitempty"`     // bytes
	MemoryAvailable int64    `json:"memory_available,omitempty"` // bytes, without swapping
	MemoryLimit     int64    `json:"memory_limit,omitempty"`     // bytes, of the control group
	MemoryUsed      int64    `json:"memory_used,omitempty"`      // bytes, by that control group
}

// rootFS is the root of the file system.
var rootFS = os.DirFS("/")

// vectorSets are the instruction sets that oneDNN has kernels of its own for,
// under Linux's names.
var vectorSets = []string{"avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16"}

func readMachine(root fs.FS) machine {
	m := machine{Cores: runtime.NumCPU(), Vector: []string{}}
	m.readProcessor(root)
	m.readMemory(root)
	m.readLimit(root)
	return m
}

// fields yields the `key: value` lines of a file in /proc, none where there is
// no such file.
func fields(root fs.FS, name string, yield func(key, value string)) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok {
			yield(strings.TrimSpace(key), strings.TrimSpace(value))
		}
	}
}

func (m *machine) readProcessor(root fs.FS) {
	fields(root, "proc/cpuinfo", func(key, value string) {
		switch key {
		case "model name":
			m.Processor = value
		case "flags", "Features": // x86, Arm
			if len(m.Vector) > 0 {
				return // of another core
			}
			for _, flag := range strings.Fields(value) {
				if slices.Contains(vectorSets, flag) {
					m.Vector = append(m.Vector, flag)
				}
			}
		}
	})
}

func (m *machine) readMemory(root fs.FS) {
	fields(root, "proc/meminfo", func(key, value string) {
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64)
		if err != nil || kilobytes < 0 || kilobytes > 1<<50 {
			return
		}
		switch key {
		case "MemTotal":
			m.MemoryTotal = kilobytes << 10
		case "MemAvailable":
			m.MemoryAvailable = kilobytes << 10
		}
	})
}

// readLimit takes the smallest limit of the control groups, version 2, that
// the process is in, or else of version 1.
func (m *machine) readLimit(root fs.FS) {
	const mount = "sys/fs/cgroup"
	group := "/"
	fields(root, "proc/self/cgroup", func(hierarchy, rest string) {
		if hierarchy == "0" {
			group = strings.TrimPrefix(rest, ":")
		}
	})
	for dir := path.Join("/", group); ; dir = path.Dir(dir) {
		m.limit(root, path.Join(mount, dir, "memory.max"), path.Join(mount, dir, "memory.current"))
		if dir == "/" {
			break
		}
	}
	if m.MemoryLimit == 0 {
		m.limit(root, mount+"/memory/memory.limit_in_bytes", mount+"/memory/memory.usage_in_bytes")
	}
}

// limit reads one limit, which may be the word max, or so high that it means
// the same.
func (m *machine) limit(root fs.FS, limit, used string) {
	n := readNumber(root, limit)
	if n <= 0 || n >= 1<<60 || m.MemoryLimit > 0 && n >= m.MemoryLimit {
		return
	}
	m.MemoryLimit, m.MemoryUsed = n, max(0, readNumber(root, used))
}

// readNumber is 0 where the file holds none.
func readNumber(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// profits tells whether oneDNN is worth having: from AVX2 on its kernels are
// the faster ones.
func (m machine) profits() bool {
	return slices.ContainsFunc(m.Vector, func(s string) bool { return s != "avx" && s != "asimd" })
}

// free is how many bytes a new process may take, 0 where that is unknown.
func (m machine) free() int64 {
	free := m.MemoryAvailable
	if left := m.MemoryLimit - m.MemoryUsed; m.MemoryLimit > 0 && (free == 0 || left < free) {
		free = max(1, left)
	}
	return free
}

func (m machine) processor(threads int) string {
	parts := []string{fmt.Sprintf("%d cores, %d threads", m.Cores, threads)}
	if m.Processor != "" {
		parts = append([]string{m.Processor}, parts...)
	}
	return strings.Join(append(parts, m.Vector...), ", ")
}

func (m machine) memory() string {
	if m.MemoryTotal == 0 {
		return "unknown"
	}
	s := fmt.Sprintf("%s, %s available", bytesText(m.MemoryTotal), bytesText(m.MemoryAvailable))
	if m.MemoryLimit > 0 {
		s += fmt.Sprintf(", limited to %s, of which %s are used", bytesText(m.MemoryLimit), bytesText(m.MemoryUsed))
	}
	return s
}

// bytesText has the form 1.5 GiB.
func bytesText(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
