package alexnet

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
)

// Preprocessing says how an image file becomes an input of the network. It is saved with every checkpoint, and
// training, evaluation and prediction build their decoding graph from the same value, so that none can omit the mean or
// swap the channels.
type Preprocessing struct {
	Size     int    `json:"size"`                // side of the network's input in pixels
	Resize   Resize `json:"resize"`              // how the image is brought to that size
	CropFrom int    `json:"crop_from,omitempty"` // side that Crop, shorter side that Center resizes to; 0 with Squash

	// Values of 0…255 are multiplied by Scale, then the mean is subtracted, then
	// they are divided by the standard deviation.
	Channels channelOrder `json:"channels"`
	Scale    float32      `json:"scale,omitzero"` // 0 means 1
	MeanRGB  [3]float32   `json:"mean_rgb"`
	StdRGB   [3]float32   `json:"std_rgb,omitzero"` // 0 means 1

	Orientation bool     `json:"orientation"` // whether the EXIF orientation is applied
	Classes     []string `json:"classes"`     // class names by label

	// Decode is "" for every pixel, or DecodeFast.
	Decode DecodeMode `json:"decode,omitempty"`
}

// channelOrder is the order of an input's channels in memory.
type channelOrder string

// RGB is PyTorch's order, BGR Caffe's.
const (
	rgb channelOrder = "RGB"
	bgr channelOrder = "BGR"
)

// DecodeMode says how exactly an image is decoded.
type DecodeMode string

// DecodeFast lets libjpeg decode a large JPEG at down to an eighth of each side,
// never below the size to resize to; its pixels differ slightly.
const DecodeFast DecodeMode = "fast"

// Resize says how an image is brought to the network's size.
type Resize string

// Squash resizes to Size x Size whatever the aspect ratio, as the well-known TensorFlow port of AlexNet does. Crop
// squashes to CropFrom x CropFrom and takes the center, as Caffe's data layer does. Center keeps the aspect ratio: it
// resizes the shorter side to CropFrom and takes the center, as torchvision's evaluation preset does.
const (
	Squash Resize = "squash"
	Crop   Resize = "crop"
	Center Resize = "center"
)

// Resizes are all values of Resize.
var Resizes = []Resize{Squash, Crop, Center}

// Preprocessing returns the preprocessing of the network's images. Without a resize it has the architecture's.
func (c Config) Preprocessing(resize Resize, orientation bool, classes []string) Preprocessing {
	p := c.Architecture().preprocessing
	resize = cmp.Or(resize, p.Resize)
	size := c.WithDefaults().Size
	p.CropFrom = int(math.Round(float64(size) * float64(p.CropFrom) / float64(p.Size)))
	if resize == Squash {
		p.CropFrom = 0
	}
	p.Size, p.Resize, p.Orientation, p.Classes = size, resize, orientation, slices.Clone(classes)
	return p
}

// Validate reports values that this version does not support.
func (p Preprocessing) Validate() error {
	if len(p.Classes) < 2 {
		return fmt.Errorf("preprocessing: got %d class names, want at least 2", len(p.Classes))
	}
	return p.validateImage()
}

// validateImage checks everything but the classes.
func (p Preprocessing) validateImage() error {
	switch {
	case p.Channels != rgb && p.Channels != bgr:
		return fmt.Errorf("preprocessing: got channel order %q, want %s or %s", p.Channels, rgb, bgr)
	case !slices.Contains(Resizes, p.Resize):
		return fmt.Errorf("preprocessing: got resize %q, want one of %q", p.Resize, Resizes)
	case p.Decode != "" && p.Decode != DecodeFast:
		return fmt.Errorf("preprocessing: got decode %q, want %q or none", p.Decode, DecodeFast)
	case p.Size < 1 || p.Size > maxSize:
		return fmt.Errorf("preprocessing: got size %d, want 1 to %d", p.Size, maxSize)
	case p.Resize != Squash && (p.CropFrom < p.Size || p.CropFrom > 2*maxSize):
		return fmt.Errorf("preprocessing: got %d pixels to crop from, want %d to %d", p.CropFrom, p.Size, 2*maxSize)
	case p.Scale < 0 || slices.Min(p.StdRGB[:]) < 0:
		return fmt.Errorf("preprocessing: got scale %g and standard deviations %g, want none below 0", p.Scale, p.StdRGB)
	}
	return nil
}

// resizedSide is the side that an image is resized to, with Center the shorter one, before any cropping.
func (p Preprocessing) resizedSide() int {
	if p.Resize == Squash {
		return p.Size
	}
	return p.CropFrom
}

// scale and std are factors, 1 where p leaves them out.
func (p Preprocessing) scale() float32 { return cmp.Or(p.Scale, 1) }

func (p Preprocessing) std() [3]float32 {
	return [3]float32{cmp.Or(p.StdRGB[0], 1), cmp.Or(p.StdRGB[1], 1), cmp.Or(p.StdRGB[2], 1)}
}

// rgb reorders three channels as stored into red, green and blue.
func (p Preprocessing) rgb(channels []float32) (r, g, b float32) {
	if p.Channels == bgr {
		return channels[2], channels[1], channels[0]
	}
	return channels[0], channels[1], channels[2]
}

// Normalization describes what happens to the values 0…255 of an image.
func (p Preprocessing) Normalization() string {
	text := fmt.Sprintf("minus the mean %g", p.MeanRGB)
	if p.Scale != 0 {
		text = fmt.Sprintf("times %.4g, ", p.Scale) + text
	}
	if p.StdRGB != [3]float32{} {
		text += fmt.Sprintf(", divided by the standard deviation %g", p.StdRGB)
	}
	return text + fmt.Sprintf(", channels in the order %s", p.Channels)
}

// Denormalize turns one input back into an image for display.
func (p Preprocessing) Denormalize(input []float32) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, p.Size, p.Size))
	std, scale := p.std(), p.scale()
	level := func(v float32, c int) uint8 { return toUint8((v*std[c] + p.MeanRGB[c]) / scale) }
	for i := range p.Size * p.Size {
		r, g, b := p.rgb(input[3*i:])
		img.SetNRGBA(i%p.Size, i/p.Size, color.NRGBA{level(r, 0), level(g, 1), level(b, 2), 255})
	}
	return img
}

// FilterImages shows the n filters of a first convolution with weights [side,side,3,n]. Each image spans from the
// filter's smallest weight, dark, to its largest, and shows each weight as a square of scale pixels.
func (p Preprocessing) FilterImages(weights []float32, side, scale int) []image.Image {
	n := len(weights) / (side * side * 3)
	images := make([]image.Image, n)
	for k := range images {
		filter := make([]float32, 0, side*side*3)
		for i := k; i < len(weights); i += n {
			filter = append(filter, weights[i])
		}
		low, high := slices.Min(filter), slices.Max(filter)
		if high == low {
			high++ // constant: all dark
		}
		level := func(v float32) uint8 { return toUint8(255 * (v - low) / (high - low)) }
		img := image.NewNRGBA(image.Rect(0, 0, side*scale, side*scale))
		for i := range side * scale * side * scale {
			x, y := i%(side*scale), i/(side*scale)
			r, g, b := p.rgb(filter[3*(y/scale*side+x/scale):])
			img.SetNRGBA(x, y, color.NRGBA{level(r), level(g), level(b), 255})
		}
		images[k] = img
	}
	return images
}

func toUint8(v float32) uint8 { return uint8(max(0, min(255, math.Round(float64(v))))) }
