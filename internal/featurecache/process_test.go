package featurecache_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"alexnet/internal/featurecache"
)

// writer is set in a process that writes rows until it is killed: in this folder,
// of the images that stand in JSON on its input.
const writer = "FEATURES_WRITER"

func writeForever(dir string) error {
	var all []featurecache.Entry
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		return err
	}
	f, err := featurecache.OpenFile(context.Background(), dir, key, width, all, featurecache.Options{})
	for n := 0; err == nil; n++ {
		i := n % len(all)
		if err = f.Write(i, rowOf(rune(i))); n < len(all) {
			fmt.Println(i)
		}
	}
	return err
}

// While a process writes, another is refused; when it is killed at whatever
// point, its rows are there, but for the one that it was at.
func TestKilledProcess(t *testing.T) {
	dir, all := t.TempDir(), variants(t, 200)
	shown, err := json.Marshal(all)
	must(t, err)
	for round, wait := range []int{1, 50, 199, 200} { // rows that are waited for
		child := exec.Command(os.Args[0])
		child.Env, child.Stdin = append(os.Environ(), writer+"="+dir), bytes.NewReader(shown)
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		lines := bufio.NewScanner(out)
		for range wait {
			if !lines.Scan() {
				t.Fatal("the other process ended")
			}
		}
		if _, err := featurecache.OpenFile(context.Background(), dir, key, width, all, featurecache.Options{}); !errors.Is(err, featurecache.ErrBusy) {
			t.Errorf("got %v, want %v", err, featurecache.ErrBusy)
		}
		must(t, child.Process.Kill())
		if child.Wait() == nil {
			t.Fatal("the other process ended by itself")
		}
		f := openFor(t, dir, all, featurecache.Options{})
		lost, row := 0, make([]float32, width)
		for i := range wait {
			if f.Read(i, row) != nil {
				lost++
			} else if row[0] != float32(i) || row[4] != float32(i)+.5 {
				t.Errorf("round %d, image %d: got %v", round, i, row)
			}
		}
		if lost > 1 {
			t.Errorf("round %d: got %d rows lost of %d, want at most the one that was being written", round, lost, wait)
		}
		must(t, f.Close())
	}
}
