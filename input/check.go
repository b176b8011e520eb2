package input

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
	"golang.org/x/sync/errgroup"

	"alexnet/internal/regular"
)

// Header is what a picture says about itself before its pixels.
type Header struct {
	Format      Format
	Width       int // pixels, as stored
	Height      int // pixels, as stored
	Orientation int // 1 to 8 as in EXIF 2.3 §4.6.4 tag 0x0112; 1 where none is given
}

// Upright returns the size in pixels once the orientation is applied: 5 to 8
// swap the sides.
func (h Header) Upright() (width, height int) {
	if h.Orientation >= 5 && h.Orientation <= 8 {
		return h.Height, h.Width
	}
	return h.Width, h.Height
}

// Check reads the header of the picture of size bytes in r, without decoding
// pixels, and refuses what the decoder would: other formats than JPEG, PNG,
// GIF, BMP and those in formats, damaged headers, kinds of JPEG and BMP that
// are not decoded, and what exceeds the limits. The error is an [*Error]
// without Path, whose reason is one of [ErrEmpty], [ErrFormat], [ErrDamaged]
// and [ErrTooLarge] or a failure to read.
func Check(r io.ReaderAt, size int64, limits Limits, formats ...Format) (Header, error) {
	h, hint, err := check(r, size, limits.orDefaults(), formats)
	if err != nil {
		return Header{}, &Error{Op: "check picture", Err: err, Hint: hint}
	}
	return h, nil
}

// CheckFile is [Check] for the file at path. Only regular files are opened.
// The size returned is in bytes; the error names the path.
func CheckFile(path string, limits Limits, formats ...Format) (h Header, size int64, err error) {
	f, info, err := regular.Open(path)
	if err != nil {
		return Header{}, 0, &Error{Op: "check picture", Path: path, Err: err}
	}
	defer f.Close()
	h, hint, err := check(f, info.Size(), limits.orDefaults(), formats)
	if err != nil {
		return Header{}, 0, &Error{Op: "check picture", Path: path, Err: err, Hint: hint}
	}
	return h, info.Size(), nil
}

func check(r io.ReaderAt, size int64, limits Limits, formats []Format) (h Header, hint string, err error) {
	if size == 0 {
		return h, "", ErrEmpty
	}
	s := &source{r: r, size: size}
	head, err := s.bytes(0, int(min(size, headBytes)))
	if err != nil {
		return h, "", err
	}
	format, name, photo := sniff(head)
	if format == "" {
		hint, err := refusal(head, name, photo)
		return h, hint, err
	}
	if format.optional() && !slices.Contains(formats, format) {
		return h, fmt.Sprintf("%s is read only with --formats %s", name, format),
			fmt.Errorf("%w: got %s, want JPEG, PNG, GIF or BMP", ErrFormat, name)
	}
	if err := limits.allowsBytes(size); err != nil {
		return h, "", err
	}
	h, err = readHeader(format, s)
	if err != nil {
		return Header{}, "", err
	}
	h.Format = format
	return h, "", limits.allows(h)
}

// readHeader reads width, height and orientation. A decoder that panics on
// what it is given has found the file damaged.
func readHeader(format Format, s *source) (h Header, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the %s decoder failed: %v", ErrDamaged, format, p)
		}
	}()
	switch format {
	case JPEG:
		return readJPEG(s)
	case PNG:
		return readWith(s, png.DecodeConfig, pngOrientation)
	case GIF:
		return readWith(s, gif.DecodeConfig, upright)
	case BMP:
		return readWith(s, bmp.DecodeConfig, upright)
	case WebP:
		return readWith(s, webp.DecodeConfig, webpOrientation)
	default:
		return readWith(s, tiff.DecodeConfig, tiffOrientation)
	}
}

func upright(*source) (int, error) { return 1, nil }

// readWith joins a library's reading of the size with ours of the orientation.
func readWith(s *source, config func(io.Reader) (image.Config, error), orient func(*source) (int, error)) (Header, error) {
	c, err := config(io.NewSectionReader(s, 0, s.size))
	if errors.Is(err, bmp.ErrUnsupported) {
		return Header{}, fmt.Errorf("%w: got a compressed or unusual BMP, want an uncompressed one of 1 to 8, 24 or 32 bits a pixel", ErrFormat)
	}
	if err != nil {
		return Header{}, damaged(err)
	}
	o, err := orient(s)
	if err != nil {
		return Header{}, err
	}
	return Header{Width: c.Width, Height: c.Height, Orientation: o}, nil
}

func damaged(err error) error {
	if strings.HasSuffix(err.Error(), "EOF") { // not all decoders wrap it
		return fmt.Errorf("%w: got a header cut short", ErrDamaged)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// Examples checks the pictures at paths, several at a time, and returns those
// that pass in the order given, with Label -1 and Name the path, and the
// others as problems in the same order.
func ExamplesFromPaths(paths []string, opt Options) ([]Example, []Excluded) {
	examples, errs := checkAll(paths, opt)
	var problems []Excluded
	kept := examples[:0]
	for i, ex := range examples {
		if errs[i] != nil {
			problems = append(problems, ExcludedFor(paths[i], errs[i]))
			continue
		}
		kept = append(kept, ex)
	}
	return slices.Clip(kept), problems
}

// checkAll returns an example or an error for each path.
func checkAll(paths []string, opt Options) ([]Example, []error) {
	examples, errs := make([]Example, len(paths)), make([]error, len(paths))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		g.Go(func() error {
			h, size, err := CheckFile(path, opt.Limits, opt.Formats...)
			examples[i], errs[i] = Example{Path: path, Name: path, Label: -1, Size: size, Header: h}, err
			return nil
		})
	}
	_ = g.Wait() // each failure is in errs
	return examples, errs
}

// checkBytes is check for a picture in memory.
func checkBytes(encoded []byte, limits Limits, formats ...Format) (Header, string, error) {
	return check(bytes.NewReader(encoded), int64(len(encoded)), limits, formats)
}
