package alexnet_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"alexnet/alexnet"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestPreprocessingValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*alexnet.Preprocessing)
		fails  string // part of the error; none where it is valid
	}{
		{"unchanged", func(*alexnet.Preprocessing) {}, ""},
		{"crop", func(c *alexnet.Preprocessing) { c.Resize, c.CropFrom = alexnet.Crop, 256 }, ""},
		{"crop from nothing", func(c *alexnet.Preprocessing) { c.Resize = alexnet.Crop }, "0 pixels to crop from"},
		{"scale", func(c *alexnet.Preprocessing) { c.Scale = -1 }, "scale -1"},
		{"channels", func(c *alexnet.Preprocessing) { c.Channels = "GBR" }, `channel order "GBR", want RGB or BGR`},
		{"resize", func(c *alexnet.Preprocessing) { c.Resize = "stretch" }, `resize "stretch"`},
		{"no size", func(c *alexnet.Preprocessing) { c.Size = 0 }, "size 0"},
		{"huge", func(c *alexnet.Preprocessing) { c.Size = 1 << 20 }, "size 1048576"},
		{"one class", func(c *alexnet.Preprocessing) { c.Classes = c.Classes[:1] }, "got 1 class names"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := preprocessing(227, alexnet.Squash)
			c.change(&k)
			err := k.Validate()
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got error %v, want one with %q", err, c.fails)
			}
		})
	}
}

// Checkpoints store these keys: changing one breaks existing checkpoints.
func TestPreprocessingJSON(t *testing.T) {
	c := alexnet.Config{}.Preprocessing(alexnet.Crop, true, []string{"cat", "dog"})
	const want = `{"size":227,"resize":"crop","crop_from":256,"channels":"BGR","mean_rgb":[123.68,116.779,103.939],"orientation":true,"classes":["cat","dog"]}`
	text, err := json.Marshal(c)
	if err != nil || string(text) != want {
		t.Errorf("got %s and error %v, want %s", text, err, want)
	}
	var back alexnet.Preprocessing
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("got %+v and error %v after a round trip, want %+v", back, err, c)
	}
}

func TestPreprocessingClonesClasses(t *testing.T) {
	names := []string{"cat", "dog"}
	c := alexnet.Config{}.Preprocessing(alexnet.Squash, true, names)
	names[0] = "cow"
	if c.Classes[0] != "cat" {
		t.Errorf("got class %q after the caller changed its slice, want cat", c.Classes[0])
	}
}

// Denormalize restores an image of the network's own size exactly: mean, channel
// order and pixel positions.
func TestDenormalizeInvertsDecoding(t *testing.T) {
	want := testPattern(67, 67)
	var file bytes.Buffer
	if err := png.Encode(&file, want); err != nil {
		t.Fatal(err)
	}
	c := preprocessing(67, alexnet.Squash)
	got := c.Denormalize(decodeAll(t, c, []testImage{{"testPattern.png", file.Bytes(), 1}}).Data)
	compareImages(t, got, want, 0)
}

// The golden image is a network input, rotated and cropped, as Denormalize shows
// it.
func TestDenormalizeGolden(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, testPattern(120, 80)); err != nil {
		t.Fatal(err)
	}
	c := preprocessing(67, alexnet.Crop)
	got := c.Denormalize(decodeAll(t, c, []testImage{{"testPattern.png", file.Bytes(), 6}}).Data)
	path := filepath.Join("testdata", "rotated-and-cropped.png")
	if *update {
		var buf bytes.Buffer
		if err := png.Encode(&buf, got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(golden))
	if err != nil {
		t.Fatal(err)
	}
	compareImages(t, got, want, 1) // other processors may round the interpolation differently
}

func compareImages(t *testing.T, got, want image.Image, levels int) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("got an image of %v, want %v", got.Bounds(), want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			a, b := got.At(x, y), want.At(x, y)
			r, g, bl, al := a.RGBA()
			wr, wg, wb, wa := b.RGBA()
			for i, v := range [4][2]uint32{{r, wr}, {g, wg}, {bl, wb}, {al, wa}} {
				if d := int(v[0]>>8) - int(v[1]>>8); d < -levels || d > levels {
					t.Fatalf("pixel %d,%d channel %d: got %v, want %v", x, y, i, a, b)
				}
			}
		}
	}
}
