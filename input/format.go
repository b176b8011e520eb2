package input

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

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

func (f Format) known() bool {
	return slices.Contains([]Format{JPEG, PNG, GIF, BMP, WebP, TIFF}, f)
}

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

// signatures are the first bytes of common files; "?" matches any byte. Those of the supported formats come from their
// specifications; the others only serve to name the format in error messages.
var signatures = []struct {
	magic       string
	format      Format // "" if not supported
	name        string
	convertible bool // an image that the user can convert
}{
	{"\xff\xd8\xff", JPEG, "JPEG", true},
	{"\x89PNG\r\n\x1a\n", PNG, "PNG", true},
	{"GIF87a", GIF, "GIF", true},
	{"GIF89a", GIF, "GIF", true},
	{"RIFF????WEBP", WebP, "WebP", true},
	{"II*\x00", TIFF, "TIFF", true},
	{"MM\x00*", TIFF, "TIFF", true},
	{"II+\x00", "", "BigTIFF", true},
	{"MM\x00+", "", "BigTIFF", true},
	{"????ftypavi", "", "AVIF", true},
	{"????ftyphei", "", "HEIC", true},
	{"????ftyphev", "", "HEIC", true},
	{"????ftypmif1", "", "HEIC or AVIF", true},
	{"????ftypmsf1", "", "HEIC or AVIF", true},
	{"????ftypcrx", "", "a Canon raw image", true},
	{"????ftyp", "", "a video (MP4)", false},
	{"\xff\x0a", "", "JPEG XL", true},
	{"\x00\x00\x00\x0cJXL ", "", "JPEG XL", true},
	{"\x00\x00\x00\x0cjP  ", "", "JPEG 2000", true},
	{"8BPS", "", "a Photoshop file", true},
	{"\x00\x00\x01\x00", "", "an icon (ICO)", true},
	{"FUJIFILMCCD-RAW", "", "a Fuji raw image", true},
	{"%PDF-", "", "PDF", false},
	{"PK\x03\x04", "", "a zip archive", false},
	{"\x1f\x8b", "", "a gzip archive", false},
	{"7z\xbc\xaf\x27\x1c", "", "a 7z archive", false},
	{"Rar!\x1a\x07", "", "a rar archive", false},
	{"RIFF????AVI ", "", "a video (AVI)", false},
	{"\x1aE\xdf\xa3", "", "a video (Matroska)", false},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "a Microsoft Office file or thumbnail store", false},
	{"version https://git-lfs", "", "a Git LFS pointer without its content", false},
}

// sniff detects the format from the first bytes of a file. For an unsupported format it returns "", the format's name
// if known, and whether the file is an image that the user can convert.
func sniff(prefix []byte) (f Format, name string, convertible bool) {
	for _, s := range signatures {
		if matches(prefix, s.magic) {
			return s.format, s.name, s.convertible
		}
	}
	// Text can begin with "BM" too: check the size of the header that follows the 14 bytes of the file header.
	if len(prefix) >= 18 && string(prefix[:2]) == "BM" && prefix[14] >= 12 && prefix[14] <= 124 &&
		prefix[15]|prefix[16]|prefix[17] == 0 {
		return BMP, "BMP", true
	}
	name, convertible = sniffText(prefix)
	return "", name, convertible
}

func matches(prefix []byte, magic string) bool {
	if len(prefix) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && prefix[i] != magic[i] {
			return false
		}
	}
	return true
}

// sniffText names text formats.
func sniffText(prefix []byte) (name string, convertible bool) {
	if bytes.IndexByte(prefix, 0) >= 0 {
		return "", false
	}
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(prefix, []byte("\xef\xbb\xbf"))))
	switch {
	case bytes.HasPrefix(text, []byte("<!doctype html")), bytes.HasPrefix(text, []byte("<html")):
		return "HTML", false
	case bytes.HasPrefix(text, []byte("<svg")),
		bytes.HasPrefix(text, []byte("<?xml")) && bytes.Contains(text, []byte("<svg")):
		return "SVG", true
	}
	for _, c := range prefix {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f || c >= 0xf8 {
			return "", false
		}
	}
	return "text", false
}

// formatError returns the error for a file of an unsupported format.
func formatError(prefix []byte, name string, convertible bool) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: got unknown first bytes % x", ErrFormat, prefix[:min(len(prefix), 8)])
	case strings.HasPrefix(name, "a Git LFS pointer"):
		return hint.With(fmt.Errorf("%w: got %s", ErrFormat, name), "fetch the images with: git lfs pull")
	case convertible:
		return hint.With(fmt.Errorf("%w: got %s, want JPEG, PNG, GIF or BMP", ErrFormat, name), "convert it to JPEG or PNG")
	}
	return fmt.Errorf("%w: got %s", ErrFormat, name)
}
