package input

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestDuplicates(t *testing.T) {
	a, b := encode(t, PNG, gradient(40, 40)), encode(t, PNG, gradient(41, 8))
	twin := append([]byte{}, a...)
	twin[len(twin)-1] ^= 1 // same size, other content
	dir := writeFiles(t, map[string][]byte{
		"train/cat/1.png": a, "train/cat/2.png": b, "train/cat/3.png": twin, "train/dog/4.png": b,
		"val/cat/5.png": a, "val/dog/6.png": encode(t, PNG, gradient(50, 50)),
	})
	d, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, problems, err := Duplicates(t.Context(), d)
	if err != nil || len(problems) > 0 || len(got) != 2 {
		t.Fatalf("got %v, %v, %v", got, problems, err)
	}
	if labels(got[0].Train)+labels(got[0].Val) != "cat/1.png=0cat/5.png=0" || !got[0].AcrossSplits() || got[0].AcrossClasses() {
		t.Errorf("got %+v", got[0])
	}
	if labels(got[1].Train) != "cat/2.png=0 dog/4.png=1" || got[1].AcrossSplits() || !got[1].AcrossClasses() {
		t.Errorf("got %+v", got[1])
	}
	if tiny := Small(d.Train, SmallSide); labels(tiny) != "cat/2.png=0 dog/4.png=1" {
		t.Errorf("tiny: got %s", labels(tiny))
	}
	os.Remove(filepath.Join(dir, "train/cat/1.png"))
	if _, problems, _ := Duplicates(t.Context(), d); len(problems) != 1 {
		t.Errorf("file gone: got problems %v", problems)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Duplicates(ctx, d); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got %v", err)
	}
}
