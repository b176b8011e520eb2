package input

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/sync/errgroup"

	"alexnet/internal/filekind"
	"alexnet/internal/hint"
	"alexnet/internal/regular"
)

// Header is the metadata of an image file.
type Header struct {
	Format      Format
	Width       int // pixels, as stored
	Height      int // pixels, as stored
	Orientation int // 1 to 8 as in EXIF 2.3 §4.6.4 tag 0x0112; 1 if absent
}

// Upright returns the size in pixels after applying the orientation: 5 to 8 swap width and height.
func (h Header) Upright() (width, height int) {
	if h.Orientation >= 5 && h.Orientation <= 8 {
		return h.Height, h.Width
	}
	return h.Width, h.Height
}

// Check reads the header of the image of size bytes in r without decoding pixels. It rejects what the decoder would
// reject: formats other than JPEG, PNG, GIF, BMP and those in formats, damaged headers, unsupported variants of JPEG
// and BMP, and images that exceed the limits. The error is an [*Error] without Path, whose reason is [ErrEmpty],
// [ErrFormat], [ErrDamaged], [ErrTooLarge] or a read error.
func Check(r io.ReaderAt, size int64, limits Limits, formats ...Format) (Header, error) {
	h, err := check(r, size, limits.orDefaults(), formats)
	if err != nil {
		return Header{}, newError("check image", "", err)
	}
	return h, nil
}

// checkFile opens a regular file once, to check its header and to hash it. The error names the path.
func checkFile(path string, opt Options) (Example, error) {
	ex := Example{Path: path, Name: path, Label: -1}
	f, info, err := regular.Open(path)
	if err != nil {
		return ex, newError("check image", path, err)
	}
	defer f.Close()
	ex.Size = info.Size()
	ex.Header, err = check(f, ex.Size, opt.Limits.orDefaults(), opt.Formats)
	if err == nil && opt.Contents != nil {
		ex.Content, err = opt.Contents.OfFile(path, f, info)
	}
	if err != nil {
		return ex, newError("check image", path, err)
	}
	return ex, nil
}

func check(r io.ReaderAt, size int64, limits Limits, enabled []Format) (Header, error) {
	if size == 0 {
		return Header{}, ErrEmpty
	}
	s := &windowReader{r: r, size: size}
	prefix, err := s.bytes(0, int(min(size, windowBytes)))
	if err != nil {
		return Header{}, err
	}
	kind := filekind.Detect(prefix)
	format := Format(strings.ToLower(kind.Name))
	if !format.known() {
		return Header{}, formatError(prefix, kind)
	}
	if format.optional() && !slices.Contains(enabled, format) {
		return Header{}, hint.With(fmt.Errorf("%w: got %s, want JPEG, PNG, GIF or BMP", ErrFormat, kind.Name),
			fmt.Sprintf("%s requires --formats %s", kind.Name, format))
	}
	if err := limits.checkSize(size); err != nil {
		return Header{}, err
	}
	h, err := readHeader(format, s)
	if err != nil {
		return Header{}, err
	}
	h.Format = format
	return h, limits.check(h)
}

// readHeader treats a decoder's panic as a damaged file.
func readHeader(format Format, s *windowReader) (h Header, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the %s decoder failed: %v", ErrDamaged, format, p)
		}
	}()
	return formats[format].header(s)
}

func noOrientation(*windowReader) (int, error) { return 1, nil }

// headerBy takes the size from a library's decoder and the orientation from orient.
func headerBy(config func(io.Reader) (image.Config, error), orient func(*windowReader) (int, error)) func(*windowReader) (Header, error) {
	return func(s *windowReader) (Header, error) {
		c, err := config(io.NewSectionReader(s, 0, s.size))
		if errors.Is(err, bmp.ErrUnsupported) {
			return Header{}, fmt.Errorf("%w: got an unsupported BMP variant, want an uncompressed BMP with 1 to 8, 24 or 32 bits per pixel", ErrFormat)
		}
		if err != nil {
			return Header{}, damaged(err)
		}
		o, err := orient(s)
		return Header{Width: c.Width, Height: c.Height, Orientation: o}, err
	}
}

func damaged(err error) error {
	if strings.HasSuffix(err.Error(), "EOF") { // not all decoders wrap it
		return fmt.Errorf("%w: truncated header", ErrDamaged)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// checkAll returns an example or an error for each path.
func checkAll(paths []string, opt Options) ([]Example, []error) {
	examples, errs := make([]Example, len(paths)), make([]error, len(paths))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		g.Go(func() error {
			examples[i], errs[i] = checkFile(path, opt)
			return nil
		})
	}
	_ = g.Wait() // errs has the errors
	return examples, errs
}

// checkBytes is check for an encoded image in memory.
func checkBytes(encoded []byte, limits Limits, formats ...Format) (Header, error) {
	return check(bytes.NewReader(encoded), int64(len(encoded)), limits, formats)
}
