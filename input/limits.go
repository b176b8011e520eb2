package input

import (
	"cmp"
	"errors"
	"fmt"

	"alexnet/internal/hint"
)

// Limits bounds the size of images. A zero field means the default.
type Limits struct {
	MaxBytes  int64 // size of the file, default 256 MiB
	MaxPixels int64 // width times height, default 100 million
	MaxSide   int   // width or height in pixels, default 65,535
}

// The defaults, and the limit of TensorFlow's JPEG decoder, which refuses to
// allocate 2^29 bytes, three per pixel (jpeg_mem.cc).
const (
	defaultMaxBytes  = 256 << 20
	defaultMaxPixels = 100_000_000
	defaultMaxSide   = 65_535
	maxJPEGPixels    = 1<<29/3 - 1
)

// Validate joins all errors of the limits.
func (l Limits) Validate() error {
	var errs []error
	if l.MaxBytes < 0 || l.MaxBytes >= 1<<31 {
		errs = append(errs, fmt.Errorf("limit bytes: got %d, want 0 to 2147483647", l.MaxBytes))
	}
	if l.MaxPixels < 0 || l.MaxPixels > maxJPEGPixels {
		errs = append(errs, fmt.Errorf("limit pixels: got %d, want 0 to %d", l.MaxPixels, maxJPEGPixels))
	}
	if l.MaxSide < 0 {
		errs = append(errs, fmt.Errorf("limit side: got %d, want 0 or more", l.MaxSide))
	}
	return errors.Join(errs...)
}

func (l Limits) orDefaults() Limits {
	l.MaxBytes = cmp.Or(l.MaxBytes, defaultMaxBytes)
	l.MaxPixels = cmp.Or(l.MaxPixels, defaultMaxPixels)
	l.MaxSide = cmp.Or(l.MaxSide, defaultMaxSide)
	return l
}

// checkSize rejects a file by its size. The limits have their defaults.
func (l Limits) checkSize(size int64) error {
	if size > l.MaxBytes {
		return fmt.Errorf("%w: got %d bytes, want at most %d", ErrTooLarge, size, l.MaxBytes)
	}
	return nil
}

// check rejects an image by its header. The limits have their defaults.
func (l Limits) check(h Header) error {
	switch {
	case h.Width < 1 || h.Height < 1:
		return fmt.Errorf("%w: image of %dx%d pixels", ErrDamaged, h.Width, h.Height)
	case h.Width > l.MaxSide || h.Height > l.MaxSide:
		return hint.With(fmt.Errorf("%w: got %dx%d pixels, want sides of at most %d", ErrTooLarge, h.Width, h.Height, l.MaxSide), "downscale it")
	case int64(h.Width)*int64(h.Height) > l.MaxPixels:
		return hint.With(fmt.Errorf("%w: got %dx%d = %d pixels, want at most %d", ErrTooLarge,
			h.Width, h.Height, int64(h.Width)*int64(h.Height), l.MaxPixels), "downscale it, or raise --max-pixels")
	}
	return nil
}
