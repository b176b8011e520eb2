package input

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"reflect"
	"testing"
)

// An animation is cut behind its first picture, which stays as it is.
func TestFirstFrame(t *testing.T) {
	first, second := palette8(7, 5).(*image.Paletted), palette8(7, 5).(*image.Paletted)
	second.Palette = append(second.Palette[:0:0], second.Palette...)
	second.Palette[0], second.Palette[1] = second.Palette[1], second.Palette[0] // a colour table of its own
	movie := func(frames ...*image.Paletted) []byte {
		var b bytes.Buffer
		if err := gif.EncodeAll(&b, &gif.GIF{Image: frames, Delay: make([]int, len(frames))}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	still := movie(first)
	for name, data := range map[string][]byte{
		"still": still, "no trailer": still[:len(still)-1], "two": movie(first, second), "many": movie(first, second, first, first),
	} {
		got, h, err := Prepare(data, Limits{})
		if err != nil || h != (Header{GIF, 7, 5, 1}) {
			t.Fatalf("%s: got %v, %v", name, h, err)
		}
		if name == "no trailer" {
			got = append(got[:len(got):len(got)], ';')
		}
		all, err := gif.DecodeAll(bytes.NewReader(got))
		if err != nil || len(all.Image) != 1 || !reflect.DeepEqual(all.Image[0].Pix, first.Pix) {
			t.Errorf("%s: got %v, want the first picture alone", name, err)
		}
	}
	two := movie(first, second)
	for n := range len(two) {
		if got, err := firstFrame(two[:n], Limits{}.orDefaults()); err != nil || len(got) > n+1 {
			t.Errorf("cut at %d: got %d bytes, %v", n, len(got), err)
		}
	}
}

// The first picture may be larger than the screen in the header.
func TestFirstFrameIsLimited(t *testing.T) {
	data := encode(t, GIF, palette8(7, 5))
	at := bytes.IndexByte(data[13+3*2<<(data[10]&7):], ',') + 13 + 3*2<<(data[10]&7)
	binary.LittleEndian.PutUint16(data[at+5:], 60_000)
	binary.LittleEndian.PutUint16(data[at+7:], 60_000)
	if _, _, err := Prepare(data, Limits{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
}
