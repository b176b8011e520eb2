package sandbox

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"alexnet/alexnet"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/internal/testmodel"
	"alexnet/tfgraph"
)

func TestMain(m *testing.M) {
	if os.Getenv(barrenMark) != "" && os.Getenv(childMark) != "" {
		os.Exit(1)
	}
	trap = spring
	Main()
	if os.Getenv(orphanMark) != "" {
		orphan(os.Getenv(orphanMark))
	}
	goleak.VerifyTestMain(m)
}

// barrenMark in the environment keeps children from starting.
const barrenMark = "ALEXNET_SCAN_BARREN"

// deathsMark in the environment names a file that counts how often a child was
// killed.
const deathsMark = "ALEXNET_SCAN_DEATHS"

// spring does, in a child, the harm that the picture's text names.
func spring(encoded []byte) {
	_, word, _ := bytes.Cut(encoded, []byte("trap\x00"))
	word, _, _ = bytes.Cut(word, []byte("."))
	switch string(word) {
	case "panic":
		panic("a decoder's mistake")
	case "panic elsewhere":
		go func() { panic("a mistake in a goroutine") }()
		select {}
	case "segmentation fault":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		select {}
	case "abort":
		_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "killed twice":
		deaths, err := os.OpenFile(os.Getenv(deathsMark), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o666)
		if err != nil {
			panic(err)
		}
		if before, _ := deaths.Seek(0, io.SeekEnd); before < 2 {
			_, _ = deaths.WriteString(".")
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	case "exit":
		os.Exit(0)
	case "loop":
		for n := 0; ; n++ {
			if n < 0 {
				return
			}
		}
	case "sleep":
		_ = syscall.Nanosleep(&syscall.Timespec{Sec: 3600}, nil)
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "memory":
		for n := 64 << 20; ; n *= 2 {
			runtime.KeepAlive(bytes.Repeat([]byte{1}, n))
		}
	case "narrow": // room for less than a large picture decoded
		if err := limitMemory(192 << 20); err != nil {
			panic(err)
		}
	case "noise":
		os.Stdout.WriteString("{}\n")
		os.Stderr.WriteString(strings.Repeat("late? no\n", 10_000))
	}
}

const side = 67

// trapped is a good picture that does the named harm.
func trapped(t testing.TB, word string) []byte {
	t.Helper()
	return harmful(t, testmodel.Picture(1), word)
}

func harmful(t testing.TB, picture image.Image, word string) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, picture))
	whole := b.Bytes()
	body := append([]byte("tEXttrap\x00"), word+"."...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	const header = 33 // signature and IHDR
	return bytes.Join([][]byte{whole[:header], chunk, whole[header:]}, nil)
}

// stored writes a picture, and looks at its header.
func stored(t testing.TB, name string, encoded []byte) input.Example {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, encoded, 0o644))
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(path, old, old))
	examples, problems := input.ExamplesFromPaths([]string{path}, input.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return examples[0]
}

// local decodes in this process.
func local(t testing.TB) (alexnet.Preprocessing, *input.Loader[*tfgraph.Tensor]) {
	t.Helper()
	contract := alexnet.NewPreprocessing(side, alexnet.Squash, true, nil)
	decoder, err := alexnet.NewDecoder(contract, tfgraph.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, decoder.Close()) })
	return contract, eval.NewLoader(decoder, side, nil, 1)
}

// opened is a scanner with two children, closed with the test.
func opened(t testing.TB, change func(*Options)) *Pool {
	t.Helper()
	contract, loader := local(t)
	o := Options{Preprocessing: contract, Fast: loader.Load, Workers: 2, Note: func(text string) { t.Error(text) }}
	if change != nil {
		change(&o)
	}
	s, err := Open(o)
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
