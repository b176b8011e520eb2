package sandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"alexnet/input"
	"alexnet/internal/testmodel"
)

func row() []float32 { return make([]float32, side*side*3) }

// Whatever fault an image triggers, it is refused with a reason, and the next one is
// decoded.
func TestDecoderFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("every fault costs a child or two; run without -short")
	}
	good := writeImage(t, "good.jpg", testmodel.JPEG(3))
	cases := map[string]string{ // fault → part of the reason
		"panic":              "crashes the decoder: panic: decoder bug",
		"panic elsewhere":    "crashes the decoder: panic: bug in a goroutine",
		"segmentation fault": "crashes the decoder: SIGSEGV",
		"abort":              "crashes the decoder: SIGABRT",
		"killed":             "killed by the system",
		"exit":               "crashes the decoder: exit status 0",
		"loop":               "too long",
		"sleep":              "too long",
		"memory":             "too much memory",
	}
	for fault, want := range cases {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := openPool(t, func(o *Options) {
				o.Workers, o.Memory = 1, 256<<20
				if strings.Contains(want, "too long") {
					o.Seconds = .2
				}
			})
			bad := writeImage(t, "bad.png", faultyImage(t, fault))
			err := s.Try(t.Context(), bad)
			var in *input.Error
			if !errors.As(err, &in) || in.Path != bad.Path || in.Hint == "" || !errors.Is(err, input.ErrDamaged) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an *input.Error with the path and %q", err, want)
			}
			if err := s.Load(t.Context(), good, 0, row()); err != nil {
				t.Errorf("the next image: got %v, want it decoded", err)
			}
		})
	}
}

// An image whose decoder the system kills, as it does when memory is short, is tried
// again while no other child runs.
func TestKilledByAnother(t *testing.T) {
	t.Setenv(killCountEnv, filepath.Join(t.TempDir(), "deaths"))
	s := openPool(t, nil)
	must(t, s.Try(t.Context(), writeImage(t, "good.jpg", testmodel.JPEG(3)))) // a child runs
	must(t, s.Try(t.Context(), writeImage(t, "killed.png", faultyImage(t, "killed twice"))))
	if n := len(s.children.idle) + len(s.children.startable); n != cap(s.children.idle) {
		t.Errorf("got %d children that run or may be started after it, want %d", n, cap(s.children.idle))
	}
}

// An image that crashed a child is never decoded in this process, even if no other
// child can be started.
func TestNoChildAfterACrash(t *testing.T) {
	s := openPool(t, func(o *Options) {
		o.Workers = 1
		o.Fast = func(context.Context, input.Example, uint64, []float32) error {
			t.Error("got the image decoded in this process")
			return nil
		}
	})
	must(t, s.Try(t.Context(), writeImage(t, "good.jpg", testmodel.JPEG(3)))) // a child runs
	t.Setenv(failStartEnv, "1")
	err := s.Load(t.Context(), writeImage(t, "bad.png", faultyImage(t, "panic")), 0, row())
	if !errors.Is(err, input.ErrDamaged) || !strings.Contains(err.Error(), "decoder bug") {
		t.Errorf("got %v, want the crash of the only child", err)
	}
}

// An image that TensorFlow has no memory for is not damaged: no verdict is stored.
func TestOutOfMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("TensorFlow waits 10 s for memory, in two children; run without -short")
	}
	t.Parallel()
	s := openPool(t, func(o *Options) { o.Workers = 1 })
	drawn := image.NewPaletted(image.Rect(0, 0, 9000, 9000), color.Palette{color.Black, color.White})
	large := imageWithFault(t, drawn, "low memory") // 232 MiB as RGB
	err := s.Try(t.Context(), writeImage(t, "large.png", large))
	if err == nil || !strings.Contains(err.Error(), "too much memory") {
		t.Errorf("got %v, want too much memory", err)
	}
	if v, ok := s.verdicts.get(sha256.Sum256(large)); ok {
		t.Errorf("got verdict %+v, want none", v)
	}
}

// Text that a decoder prints does not corrupt the responses.
func TestDecoderOutput(t *testing.T) {
	s := openPool(t, nil)
	must(t, s.Try(t.Context(), writeImage(t, "noise.png", faultyImage(t, "noise"))))
}

// A child that cannot exit by itself is killed.
func TestStopped(t *testing.T) {
	s := openPool(t, func(o *Options) { o.Workers, o.Seconds = 1, .1 })
	if err := s.Try(t.Context(), writeImage(t, "stop.png", faultyImage(t, "stop"))); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v, want it refused as it takes too long", err)
	}
}

// A child's floats are bit-identical to this process's.
func TestBitIdentical(t *testing.T) {
	s := openPool(t, func(o *Options) { o.IgnoreVerdicts = true })
	_, here := localLoader(t)
	for i, encoded := range [][]byte{testmodel.JPEG(1), testmodel.Turned(2, 6), testmodel.Turned(3, 7), faultyImage(t, "nothing")} {
		for _, draw := range []uint64{0, input.Flipped} {
			ex := writeImage(t, "image", encoded)
			got, want := row(), row()
			must(t, s.Load(t.Context(), ex, draw, got))
			must(t, here.Load(t.Context(), ex, draw, want))
			if !slices.Equal(got, want) {
				t.Errorf("image %d, flipped %v: floats differ from this process's", i, draw)
			}
		}
	}
}

// Damage is reported as by this process.
func TestRefusals(t *testing.T) {
	s := openPool(t, nil)
	whole := testmodel.JPEG(1)
	cut := writeImage(t, "cut.jpg", whole[:len(whole)/2])
	scans := slices.Concat(whole[:len(whole)-2], slices.Repeat([]byte{0xff, 0xda, 0, 8, 1, 1, 0, 1, 5, 0, 0x7f}, 500), whole[len(whole)-2:])
	for range 2 { // the second time from its verdict
		if err := s.Load(t.Context(), cut, 0, row()); !errors.Is(err, input.ErrDamaged) || !strings.Contains(err.Error(), cut.Path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("cut: got %v, want one line with %v", err, input.ErrDamaged)
		}
		if err := s.Try(t.Context(), writeImage(t, "scans.jpg", scans)); !errors.Is(err, input.ErrTooLarge) {
			t.Errorf("scans: got %v, want %v", err, input.ErrTooLarge)
		}
	}
	gone := writeImage(t, "gone.jpg", whole)
	must(t, os.Remove(gone.Path))
	if err := s.Try(t.Context(), gone); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("gone: got %v, want %v", err, os.ErrNotExist)
	}
}

// A canceled caller does not wait for a decoder.
func TestCancelled(t *testing.T) {
	hanging := reportLoops(t)
	s := openPool(t, func(o *Options) { o.Workers = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 3 { // one asks, the others wait for the child
		wg.Go(func() {
			if err := s.Try(ctx, writeImage(t, "loop.png", faultyImage(t, "loop"))); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want %v", err, context.Canceled)
			}
		})
	}
	hanging()
	began := time.Now()
	cancel()
	wg.Wait()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("got an end after %v, want it at once", took)
	}
}

// A program that does not call Main, or cannot start children, decodes in-process and
// notes it once.
func TestWithoutChildren(t *testing.T) {
	ready.Store(false)
	defer ready.Store(true)
	var notes []string
	s := openPool(t, func(o *Options) { o.Note = func(text string) { notes = append(notes, text) } })
	for i := range 2 {
		must(t, s.Try(t.Context(), writeImage(t, "good.jpg", testmodel.JPEG(i))))
		must(t, s.Load(t.Context(), writeImage(t, "good.jpg", testmodel.JPEG(i)), 0, row()))
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "sandbox.Main") {
		t.Errorf("got notes %q, want one that names sandbox.Main", notes)
	}
}

const orphanEnv = "ALEXNET_SANDBOX_ORPHAN"

// orphan decodes the image at path in a child.
func orphan(path string) {
	c, err := start(context.Background(), job{Preprocessing: preprocessing(side), Memory: 1 << 30, Seconds: 3600})
	if err != nil {
		os.Exit(1)
	}
	encoded, err := os.ReadFile(path)
	if err != nil {
		os.Exit(1)
	}
	_, _ = c.ask(context.Background(), request{Size: len(encoded), Header: input.Header{Format: input.PNG}}, encoded, nil)
	os.Exit(1)
}

// No child outlives the program, even while it decodes.
func TestNoOrphans(t *testing.T) {
	hanging := reportLoops(t)
	bad := writeImage(t, "loop.png", faultyImage(t, "loop"))
	parent := exec.Command(self())
	parent.Env = append(os.Environ(), orphanEnv+"="+bad.Path)
	must(t, parent.Start())
	pid := hanging()
	must(t, parent.Process.Kill())
	_ = parent.Wait() // killed
	for began := time.Now(); syscall.Kill(pid, 0) == nil && !zombie(pid); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("process %d still runs 5 s after its parent has ended", pid)
		}
	}
}

// zombie reports whether a process has exited but was not waited for.
func zombie(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(text), ") Z ")
}
