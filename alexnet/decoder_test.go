package alexnet_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/tfgraph"
)

func TestDecoderConcurrently(t *testing.T) {
	c := preprocessing(67, alexnet.Squash)
	all := testImages(t)
	want := decodeAll(t, c, all)
	d := newDecoder(t, c)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			into := make([]float32, 67*67*3)
			for k := range all {
				i := (k + worker*3) % len(all)
				if err := d.Decode(context.Background(), all[i].bytes, input.Example{Header: input.Header{Orientation: all[i].orientation}}, 0, into); err != nil {
					t.Errorf("%s: %v", all[i].name, err)
				} else if !slices.Equal(into, want.Data[i*len(into):(i+1)*len(into)]) {
					t.Errorf("%s: got different pixels than sequentially", all[i].name)
				}
			}
		})
	}
	wg.Wait()
}

func TestDecoderRefuses(t *testing.T) {
	d := newDecoder(t, preprocessing(67, alexnet.Squash))
	image := testImages(t)[0].bytes
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
		{"not an image", context.Background(), []byte("not an image"), into, input.ErrDamaged.Error()},
		{"empty", context.Background(), nil, into, input.ErrDamaged.Error()},
		{"only a header", context.Background(), image[:40], into, input.ErrDamaged.Error()},
		{"too little room", context.Background(), image, into[1:], "got room for 13466 values, want 13467"},
		{"canceled", gone, image, into, context.Canceled.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := d.Decode(c.ctx, c.bytes, input.Example{}, 0, c.into)
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got error %v, want one with %q", err, c.fails)
			}
			if damaged := c.fails == input.ErrDamaged.Error(); errors.Is(err, input.ErrDamaged) != damaged {
				t.Errorf("got error %v, want it to be damage: %t", err, damaged)
			}
		})
	}
}

// The image stays as stored where the orientation is not applied or not valid.
func TestDecoderOrientation(t *testing.T) {
	upright := preprocessing(67, alexnet.Squash)
	stored := upright
	stored.Orientation = false
	p := testImages(t)[0]
	rotated := testImage{p.name, p.bytes, 6}
	want := decodeAll(t, upright, []testImage{p}).Data
	if slices.Equal(decodeAll(t, upright, []testImage{rotated}).Data, want) {
		t.Error("orientation 6: got the stored image, want it rotated")
	}
	if !slices.Equal(decodeAll(t, stored, []testImage{rotated}).Data, want) {
		t.Error("orientation not applied: got a rotated image, want it as stored")
	}
	for _, o := range []int{-1, 0, 9, 1 << 20} {
		if !slices.Equal(decodeAll(t, upright, []testImage{{p.name, p.bytes, o}}).Data, want) {
			t.Errorf("orientation %d: got a rotated image, want it as stored", o)
		}
	}
}

func TestDecoderClosed(t *testing.T) {
	d, err := alexnet.NewDecoder(preprocessing(67, alexnet.Squash), tfgraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is harmless
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Decode(context.Background(), testImages(t)[0].bytes, input.Example{}, 0, nil); !errors.Is(err, tfgraph.ErrClosed) {
		t.Errorf("got error %v, want %v", err, tfgraph.ErrClosed)
	}
}

// The draw flips the upright image horizontally, whatever its orientation.
func TestDecoderFlips(t *testing.T) {
	const side = 67
	d := newDecoder(t, preprocessing(side, alexnet.Squash))
	encoded := testImages(t)[0].bytes
	for o := range 9 {
		var seen [2][side][side][3]float32
		for i, draw := range []uint64{0, input.Flipped} {
			ex := input.Example{Header: input.Header{Orientation: o}}
			if err := d.Decode(context.Background(), encoded, ex, draw, unsafe.Slice(&seen[i][0][0][0], side*side*3)); err != nil {
				t.Fatal(err)
			}
		}
		// Resizing samples at pixel corners, so flipping before and after it differ a
		// little: the flipped image must be much closer.
		var flippedDistance, plainDistance float64
		for y := range side {
			for x := range side {
				for c := range 3 {
					got := float64(seen[1][y][x][c])
					flippedDistance += math.Abs(got - float64(seen[0][y][side-1-x][c]))
					plainDistance += math.Abs(got - float64(seen[0][y][x][c]))
				}
			}
		}
		if flippedDistance > plainDistance/3 {
			t.Errorf("orientation %d: got a distance of %.3g to the flipped image and %.3g to the plain one", o, flippedDistance, plainDistance)
		}
	}
}

// A JPEG at least twice too large is shrunk while it is decoded and looks the
// same; any other image is bit-identical.
func TestDecodeFast(t *testing.T) {
	fast := preprocessing(67, alexnet.Crop)
	fast.Decode = alexnet.DecodeFast
	exact := preprocessing(67, alexnet.Crop)
	large := smooth(640, 700)
	var asJPEG, asPNG bytes.Buffer
	for _, err := range []error{jpeg.Encode(&asJPEG, large, nil), png.Encode(&asPNG, large)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		encoded []byte
		info    input.Example
		same    bool
	}{
		"large":          {asJPEG.Bytes(), input.Example{Header: input.Header{Width: 640, Height: 700}}, false},
		"large, rotated": {asJPEG.Bytes(), input.Example{Header: input.Header{Width: 640, Height: 700, Orientation: 6}}, false},
		"size unknown":   {asJPEG.Bytes(), input.Example{}, true},
		"not JPEG":       {asPNG.Bytes(), input.Example{Header: input.Header{Width: 640, Height: 700}}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var seen [2][67 * 67 * 3]float32
			for i, config := range []alexnet.Preprocessing{exact, fast} {
				if err := newDecoder(t, config).Decode(context.Background(), c.encoded, c.info, 0, seen[i][:]); err != nil {
					t.Fatal(err)
				}
			}
			if (seen[0] == seen[1]) != c.same {
				t.Errorf("got equal pixels: %v, want %v", !c.same, c.same)
			}
			for i := range seen[0] {
				if d := seen[0][i] - seen[1][i]; d < -16 || d > 16 { // the legacy resize does not antialias
					t.Fatalf("value %d: got %v, want near %v", i, seen[1][i], seen[0][i])
				}
			}
		})
	}
}

// smooth returns an image without edges.
func smooth(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x * 200 / w), uint8(y * 200 / h), uint8((x + y) * 120 / (w + h)), 255})
		}
	}
	return img
}
