package doctor

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"alexnet/internal/display"
)

// Machine describes the computer, as far as Linux reports it; unknown values are zero.
type Machine struct {
	Processor       string   `json:"processor,omitempty"`
	Cores           int      `json:"cores"`                      // available to the process
	Vector          []string `json:"vector"`                     // relevant instruction sets
	MemoryTotal     int64    `json:"memory_total,omitempty"`     // bytes
	MemoryAvailable int64    `json:"memory_available,omitempty"` // bytes, without swapping
	MemoryLimit     int64    `json:"memory_limit,omitempty"`     // bytes, of the control group
	MemoryUsed      int64    `json:"memory_used,omitempty"`      // bytes, by that control group
}

// vectorSets are the instruction sets with oneDNN kernels, by their Linux names.
var vectorSets = []string{"avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16"}

// ReadMachine reads /proc and the control group in the file system with this root.
func ReadMachine(root fs.FS) Machine {
	m := Machine{Cores: runtime.NumCPU(), Vector: []string{}}
	m.readProcessor(root)
	m.readMemory(root)
	m.readLimit(root)
	return m
}

// fields yields the `key: value` lines of a file in /proc, if it exists.
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

func (m *Machine) readProcessor(root fs.FS) {
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

func (m *Machine) readMemory(root fs.FS) {
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

// readLimit reads the smallest memory limit of the process's control groups, version 2 or else 1.
func (m *Machine) readLimit(root fs.FS) {
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

// limit reads one limit; "max" and very large numbers mean none.
func (m *Machine) limit(root fs.FS, limit, used string) {
	n := readNumber(root, limit)
	if n <= 0 || n >= 1<<60 || m.MemoryLimit > 0 && n >= m.MemoryLimit {
		return
	}
	m.MemoryLimit, m.MemoryUsed = n, max(0, readNumber(root, used))
}

// readNumber returns 0 if the file does not contain a number.
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

// fastOneDNN reports whether oneDNN is worth having: from AVX2 on its kernels are the faster ones.
func (m Machine) fastOneDNN() bool {
	return slices.ContainsFunc(m.Vector, func(s string) bool { return s != "avx" && s != "asimd" })
}

// Free is the memory in bytes that a new process may use, 0 if unknown.
func (m Machine) Free() int64 {
	free := m.MemoryAvailable
	if left := m.MemoryLimit - m.MemoryUsed; m.MemoryLimit > 0 && (free == 0 || left < free) {
		free = max(1, left)
	}
	return free
}

func (m Machine) processor(threads int) string {
	parts := []string{fmt.Sprintf("%d cores, %d threads", m.Cores, threads)}
	if m.Processor != "" {
		parts = append([]string{m.Processor}, parts...)
	}
	return strings.Join(append(parts, m.Vector...), ", ")
}

func (m Machine) memory() string {
	if m.MemoryTotal == 0 {
		return "unknown"
	}
	s := fmt.Sprintf("%s, %s available", display.Bytes(m.MemoryTotal), display.Bytes(m.MemoryAvailable))
	if m.MemoryLimit > 0 {
		s += fmt.Sprintf(", limited to %s, of which %s are in use", display.Bytes(m.MemoryLimit), display.Bytes(m.MemoryUsed))
	}
	return s
}
