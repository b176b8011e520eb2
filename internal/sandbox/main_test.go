package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
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
	"golang.org/x/sys/unix"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/testmodel"
	"alexnet/tfgraph"
)

func TestMain(m *testing.M) {
	if os.Getenv(failStartEnv) != "" && os.Getenv(childEnv) != "" {
		os.Exit(1)
	}
	testHook = injectFault
	if os.Getenv(childEnv) != "" {
		openBeforeRestricted()
	}
	Main()
	if os.Getenv(orphanEnv) != "" {
		orphan(os.Getenv(orphanEnv))
	}
	goleak.VerifyTestMain(m)
}

// failStartEnv in the environment makes children exit at once.
const failStartEnv = "ALEXNET_SANDBOX_FAIL_START"

// killCountEnv in the environment names a file that counts how often a child was
// killed.
const killCountEnv = "ALEXNET_SANDBOX_KILLS"

// loopPipeEnv in the environment names a pipe that a child writes its process ID to when it begins to loop.
const loopPipeEnv = "ALEXNET_SANDBOX_LOOP_PIPE"

// reportLoops returns a function that waits until a child loops, and returns its process ID.
func reportLoops(t *testing.T) (wait func() int) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	t.Setenv(loopPipeEnv, pipe)
	return func() int {
		f, err := os.Open(pipe)
		must(t, err)
		defer f.Close()
		var pid int
		_, err = fmt.Fscanln(f, &pid)
		must(t, err)
		return pid
	}
}

// deaths and loops are the files of killCountEnv and loopPipeEnv, which a child opens before it may no longer open any.
var deaths, loops *os.File

func openBeforeRestricted() {
	var errs [2]error
	if path := os.Getenv(killCountEnv); path != "" {
		deaths, errs[0] = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o666)
	}
	if path := os.Getenv(loopPipeEnv); path != "" {
		loops, errs[1] = os.OpenFile(path, os.O_RDWR, 0) // does not wait for the reader
	}
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
}

// raise sends a signal to this process, as a decoder that fails does: it may send none to others.
func raise(signal syscall.Signal) {
	if err := unix.Tgkill(os.Getpid(), unix.Gettid(), signal); err != nil {
		panic(err)
	}
}

// injectFault causes, in a child, the fault that the image's text chunk names.
func injectFault(encoded []byte) {
	_, word, _ := bytes.Cut(encoded, []byte("trap\x00"))
	word, _, _ = bytes.Cut(word, []byte("."))
	switch string(word) {
	case "panic":
		panic("decoder bug")
	case "panic elsewhere":
		go func() { panic("bug in a goroutine") }()
		select {}
	case "segmentation fault":
		raise(syscall.SIGSEGV)
		select {}
	case "abort":
		raise(syscall.SIGABRT)
		select {}
	case "killed":
		raise(syscall.SIGKILL)
		select {}
	case "killed twice":
		if before, _ := deaths.Seek(0, io.SeekEnd); before < 2 {
			_, _ = deaths.WriteString(".")
			raise(syscall.SIGKILL)
			select {}
		}
	case "exit":
		os.Exit(0)
	case "loop":
		if loops != nil {
			if _, err := fmt.Fprintln(loops, os.Getpid()); err != nil {
				panic(err)
			}
		}
		for n := 0; ; n++ {
			if n < 0 {
				return
			}
		}
	case "sleep":
		_ = syscall.Nanosleep(&syscall.Timespec{Sec: 3600}, nil)
	case "stop":
		raise(syscall.SIGSTOP)
	case "memory":
		for n := 64 << 20; ; n *= 2 {
			runtime.KeepAlive(bytes.Repeat([]byte{1}, n))
		}
	case "low memory": // less than a large image takes decoded
		if err := limitMemory(192 << 20); err != nil {
			panic(err)
		}
	case "forbidden":
		for name, try := range forbidden {
			if err := try(); !errors.Is(err, syscall.EPERM) {
				panic(fmt.Sprintf("%s: got %v", name, err))
			}
		}
	case "noise":
		os.Stdout.WriteString("{}\n")
		os.Stderr.WriteString(strings.Repeat("timeout? no\n", 10_000))
	}
}

const side = 67

// faultyImage is an intact image that triggers the named fault in the decoder.
func faultyImage(t testing.TB, word string) []byte {
	t.Helper()
	return imageWithFault(t, testmodel.Image(1), word)
}

func imageWithFault(t testing.TB, img image.Image, word string) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	whole := b.Bytes()
	body := append([]byte("tEXttrap\x00"), word+"."...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	const header = 33 // signature and IHDR
	return bytes.Join([][]byte{whole[:header], chunk, whole[header:]}, nil)
}

// writeImage writes an image and reads its header.
func writeImage(t testing.TB, name string, encoded []byte) input.Example {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, encoded, 0o644))
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(path, old, old))
	examples, excluded := input.FindImages([]string{path}, nil, input.Options{})
	if len(excluded) > 0 {
		t.Fatal(excluded)
	}
	return examples[0]
}

// localLoader decodes in this process.
func localLoader(t testing.TB) (alexnet.Preprocessing, *input.Loader[*tfgraph.Tensor]) {
	t.Helper()
	preprocess := alexnet.Config{Size: side}.Preprocessing(alexnet.Squash, true, nil)
	decoder, err := alexnet.NewDecoder(preprocess, tfgraph.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, decoder.Close()) })
	return preprocess, decoder.Loader(nil, 1)
}

// openPool opens a Pool of two children, closed with the test.
func openPool(t testing.TB, change func(*Options)) *Pool {
	t.Helper()
	preprocess, loader := localLoader(t)
	o := Options{Preprocessing: preprocess, Fast: loader.Load, Workers: 2, Note: func(text string) { t.Error(text) }}
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
