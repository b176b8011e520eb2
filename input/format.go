package input

import (
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"alexnet/internal/filekind"
	"alexnet/internal/hint"
)

// Format is an image's encoding, detected from its first bytes.
type Format string

const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	GIF  Format = "gif"
	BMP  Format = "bmp"
	WebP Format = "webp" // only if enabled by Options.Formats
	TIFF Format = "tiff" // only if enabled by Options.Formats
)

// formats says how the images of each format are read. The names are those of package filekind in lower case.
var formats = map[Format]struct {
	header func(*windowReader) (Header, error)  // reads width, height and orientation
	decode func(io.Reader) (image.Image, error) // nil if TensorFlow decodes them
}{
	JPEG: {readJPEG, nil},
	PNG:  {headerBy(png.DecodeConfig, pngOrientation), nil},
	GIF:  {headerBy(gif.DecodeConfig, noOrientation), nil},
	BMP:  {headerBy(bmp.DecodeConfig, noOrientation), bmp.Decode},
	WebP: {headerBy(webp.DecodeConfig, webpOrientation), webp.Decode},
	TIFF: {headerBy(tiff.DecodeConfig, tiffOrientation), tiff.Decode},
}

func (f Format) known() bool { return formats[f].header != nil }

// optional reports whether the format must be enabled.
func (f Format) optional() bool { return f == WebP || f == TIFF }

// ParseFormats reads a comma-separated list such as "webp,tiff".
func ParseFormats(s string) ([]Format, error) {
	var formats []Format
	for _, field := range strings.Split(s, ",") {
		f := Format(strings.ToLower(strings.TrimSpace(field)))
		if f == "" {
			continue
		}
		if !f.known() {
			return nil, fmt.Errorf("parse formats %q: got %q, want webp or tiff", s, f)
		}
		formats = append(formats, f)
	}
	return formats, nil
}

// formatError returns the error for a file of an unsupported format.
func formatError(prefix []byte, kind filekind.Kind) error {
	switch {
	case kind.Name == "":
		return fmt.Errorf("%w: got unknown first bytes % x", ErrFormat, prefix[:min(len(prefix), 8)])
	case kind.Image:
		return hint.With(fmt.Errorf("%w: got %s, want JPEG, PNG, GIF or BMP", ErrFormat, kind.Name), "convert it to JPEG or PNG")
	}
	return hint.With(fmt.Errorf("%w: got %s", ErrFormat, kind.Name), kind.Remedy)
}
