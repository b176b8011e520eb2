package alexnet_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"alexnet/alexnet"
	"alexnet/tfgraph"
)

func TestDecoderConcurrently(t *testing.T) {
	c := contract(67, alexnet.Squash)
	all := photographs(t)
	want := decodeAll(t, c, all)
	d := newDecoder(t, c)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			into := make([]float32, 67*67*3)
			for k := range all {
				i := (k + worker*3) % len(all)
				if err := d.Decode(context.Background(), all[i].bytes, all[i].orientation, into); err != nil {
					t.Errorf("%s: %v", all[i].name, err)
				} else if !slices.Equal(into, want.Data[i*len(into):(i+1)*len(into)]) {
					t.Errorf("%s: got other pixels than alone", all[i].name)
				}
			}
		})
	}
	wg.Wait()
}

func TestDecoderRefuses(t *testing.T) {
	d := newDecoder(t, contract(67, alexnet.Squash))
	picture := photographs(t)[0].bytes
	into := make([]float32, 67*67*3)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		bytes []byte
		into  []float32
		fails string
	}{
		{"no picture", context.Background(), []byte("not a picture"), into, "tensorflow"},
		{"nothing", context.Background(), nil, into, "tensorflow"},
		{"only a header", context.Background(), picture[:40], into, "tensorflow"},
		{"too little room", context.Background(), picture, into[1:], "got room for 13466 values, want 13467"},
		{"cancelled", gone, picture, into, context.Canceled.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := d.Decode(c.ctx, c.bytes, 1, c.into)
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got error %v, want one with %q", err, c.fails)
			}
			var tfErr *tfgraph.Error
			if c.fails == "tensorflow" && (!errors.As(err, &tfErr) || tfErr.Code != tfgraph.InvalidArgument) {
				t.Errorf("got error %v, want TensorFlow's invalid argument", err)
			}
		})
	}
	if err := d.Check(context.Background(), picture); err != nil {
		t.Errorf("check of a good picture: %v", err)
	}
	if err := d.Check(context.Background(), picture[:len(picture)/2]); err == nil {
		t.Error("check of half a picture: got no error")
	}
}

// A contract without orientation, and an orientation that is none, leave the
// picture as it is stored.
func TestDecoderOrientation(t *testing.T) {
	upright := contract(67, alexnet.Squash)
	stored := upright
	stored.Orientation = false
	p := photographs(t)[0]
	turned := photograph{p.name, p.bytes, 6}
	want := decodeAll(t, upright, []photograph{p}).Data
	if slices.Equal(decodeAll(t, upright, []photograph{turned}).Data, want) {
		t.Error("orientation 6: got the stored picture, want it turned")
	}
	if !slices.Equal(decodeAll(t, stored, []photograph{turned}).Data, want) {
		t.Error("contract without orientation: got a turned picture, want it as stored")
	}
	for _, o := range []int{-1, 0, 9, 1 << 20} {
		if !slices.Equal(decodeAll(t, upright, []photograph{{p.name, p.bytes, o}}).Data, want) {
			t.Errorf("orientation %d: got a turned picture, want it as stored", o)
		}
	}
}

func TestDecoderClosed(t *testing.T) {
	d, err := alexnet.NewDecoder(contract(67, alexnet.Squash), tfgraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is harmless
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Check(context.Background(), photographs(t)[0].bytes); !errors.Is(err, tfgraph.ErrClosed) {
		t.Errorf("got error %v, want %v", err, tfgraph.ErrClosed)
	}
}
