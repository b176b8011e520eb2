package input

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Format is a picture's encoding, told by its first bytes.
type Format string

const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	GIF  Format = "gif"
	BMP  Format = "bmp"
	WebP Format = "webp" // only where Options.Formats allows it
	TIFF Format = "tiff" // only where Options.Formats allows it
)

func (f Format) known() bool {
	return slices.Contains([]Format{JPEG, PNG, GIF, BMP, WebP, TIFF}, f)
}

// optional reports whether the format has to be allowed.
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

// signatures are the first bytes of what people keep among photographs; "?"
// stands for any byte. The readable formats come from their specifications,
// the others are named so that the refusal can be understood.
var signatures = []struct {
	magic  string
	format Format // "" if not readable
	name   string
	photo  bool // worth converting
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
	{"????ftypcrx", "", "a Canon raw photograph", true},
	{"????ftyp", "", "a film (MP4)", false},
	{"\xff\x0a", "", "JPEG XL", true},
	{"\x00\x00\x00\x0cJXL ", "", "JPEG XL", true},
	{"\x00\x00\x00\x0cjP  ", "", "JPEG 2000", true},
	{"8BPS", "", "a Photoshop file", true},
	{"\x00\x00\x01\x00", "", "an icon (ICO)", true},
	{"FUJIFILMCCD-RAW", "", "a Fuji raw photograph", true},
	{"%PDF-", "", "PDF", false},
	{"PK\x03\x04", "", "a zip archive", false},
	{"\x1f\x8b", "", "a gzip archive", false},
	{"7z\xbc\xaf\x27\x1c", "", "a 7z archive", false},
	{"Rar!\x1a\x07", "", "a rar archive", false},
	{"RIFF????AVI ", "", "a film (AVI)", false},
	{"\x1aE\xdf\xa3", "", "a film (Matroska)", false},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "a Microsoft Office file or thumbnail store", false},
	{"version https://git-lfs", "", "a Git LFS pointer whose content was not fetched", false},
}

// sniff tells a format by the first bytes of a file. Where it is none that can
// be read, name says what the file seems to be, and photo whether that is a
// picture all the same.
func sniff(head []byte) (f Format, name string, photo bool) {
	for _, s := range signatures {
		if matches(head, s.magic) {
			return s.format, s.name, s.photo
		}
	}
	// "BM" alone is a word's beginning too: the size of the header that
	// follows the 14 bytes of the file header has to be one in use.
	if len(head) >= 18 && string(head[:2]) == "BM" && head[14] >= 12 && head[14] <= 124 &&
		head[15]|head[16]|head[17] == 0 {
		return BMP, "BMP", true
	}
	name, photo = sniffText(head)
	return "", name, photo
}

func matches(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && head[i] != magic[i] {
			return false
		}
	}
	return true
}

// sniffText names text that sits where a picture was expected.
func sniffText(head []byte) (name string, photo bool) {
	if bytes.IndexByte(head, 0) >= 0 {
		return "", false
	}
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))))
	switch {
	case bytes.HasPrefix(text, []byte("<!doctype html")), bytes.HasPrefix(text, []byte("<html")):
		return "HTML", false
	case bytes.HasPrefix(text, []byte("<svg")),
		bytes.HasPrefix(text, []byte("<?xml")) && bytes.Contains(text, []byte("<svg")):
		return "SVG", true
	}
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f || c >= 0xf8 {
			return "", false
		}
	}
	return "text", false
}

// refusal explains why a file of no readable format is refused.
func refusal(head []byte, name string, photo bool) (hint string, reason error) {
	switch {
	case name == "":
		return "", fmt.Errorf("%w: got first bytes % x", ErrFormat, head[:min(len(head), 8)])
	case strings.HasPrefix(name, "a Git LFS pointer"):
		return "fetch the pictures with: git lfs pull", fmt.Errorf("%w: got %s", ErrFormat, name)
	case photo:
		return "convert it to JPEG or PNG", fmt.Errorf("%w: got %s, want JPEG, PNG, GIF or BMP", ErrFormat, name)
	}
	return "", fmt.Errorf("%w: got %s", ErrFormat, name)
}
