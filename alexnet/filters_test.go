package alexnet_test

import (
	"image/color"
	"testing"

	"alexnet/alexnet"
)

// One filter responds to red at its top left and to the absence of blue at its
// bottom right, the other to nothing.
func TestFilters(t *testing.T) {
	weights := make([]float32, 11*11*3*2)
	at := func(y, x, channel, filter int) *float32 { return &weights[((y*11+x)*3+channel)*2+filter] }
	const blue, red = 0, 2
	*at(0, 0, red, 1), *at(10, 10, blue, 1) = 1, -1
	images := alexnet.Config{}.Preprocessing(alexnet.Squash, true, []string{"a", "b"}).FilterImages(weights, 11, 2)
	if len(images) != 2 || images[0].Bounds().Dx() != 22 || images[0].Bounds().Dy() != 22 {
		t.Fatalf("got %d images, the first %v, want 2 of 22x22", len(images), images[0].Bounds())
	}
	for _, want := range []struct {
		filter, x, y int
		color        color.NRGBA
	}{
		{1, 0, 0, color.NRGBA{255, 128, 128, 255}},
		{1, 1, 1, color.NRGBA{255, 128, 128, 255}},
		{1, 2, 0, color.NRGBA{128, 128, 128, 255}},
		{1, 21, 21, color.NRGBA{128, 128, 0, 255}},
		{0, 5, 5, color.NRGBA{0, 0, 0, 255}},
	} {
		if got := images[want.filter].At(want.x, want.y); got != want.color {
			t.Errorf("filter %d at %d,%d: got %v, want %v", want.filter, want.x, want.y, got, want.color)
		}
	}
}
