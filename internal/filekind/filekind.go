// Package filekind names files by their first bytes, for the errors of readers that expect another kind. Start with
// [Detect].
package filekind

import (
	"bytes"
	"strings"
)

// Kind is the kind of a file.
type Kind struct {
	Name   string // such as "JPEG" or "a zip archive"; "" if unknown
	Image  bool   // can be converted to another image format
	Model  bool   // holds weights or a network of another program
	Remedy string // what to do about it whatever was expected, or ""
}

// Kinds of weights files that are read here.
var (
	PyTorch     = Kind{Name: "a PyTorch file", Model: true}
	Safetensors = Kind{Name: "safetensors", Model: true}
	Caffe       = Kind{Name: "a Caffe model", Model: true}
)

// PrefixBytes is how much of a file Detect needs.
const PrefixBytes = 512

// signatures are the first bytes of common files; "?" matches any byte.
var signatures = []struct {
	magic string
	kind  Kind
}{
	{"\xff\xd8\xff", Kind{Name: "JPEG", Image: true}},
	{"\x89PNG\r\n\x1a\n", Kind{Name: "PNG", Image: true}},
	{"GIF87a", Kind{Name: "GIF", Image: true}},
	{"GIF89a", Kind{Name: "GIF", Image: true}},
	{"RIFF????WEBP", Kind{Name: "WebP", Image: true}},
	{"II*\x00", Kind{Name: "TIFF", Image: true}},
	{"MM\x00*", Kind{Name: "TIFF", Image: true}},
	{"II+\x00", Kind{Name: "BigTIFF", Image: true}},
	{"MM\x00+", Kind{Name: "BigTIFF", Image: true}},
	{"????ftypavi", Kind{Name: "AVIF", Image: true}},
	{"????ftyphei", Kind{Name: "HEIC", Image: true}},
	{"????ftyphev", Kind{Name: "HEIC", Image: true}},
	{"????ftypmif1", Kind{Name: "HEIC or AVIF", Image: true}},
	{"????ftypmsf1", Kind{Name: "HEIC or AVIF", Image: true}},
	{"????ftypcrx", Kind{Name: "a Canon raw image", Image: true}},
	{"????ftyp", Kind{Name: "a video (MP4)"}},
	{"\xff\x0a", Kind{Name: "JPEG XL", Image: true}},
	{"\x00\x00\x00\x0cJXL ", Kind{Name: "JPEG XL", Image: true}},
	{"\x00\x00\x00\x0cjP  ", Kind{Name: "JPEG 2000", Image: true}},
	{"8BPS", Kind{Name: "a Photoshop file", Image: true}},
	{"\x00\x00\x01\x00", Kind{Name: "an icon (ICO)", Image: true}},
	{"FUJIFILMCCD-RAW", Kind{Name: "a Fuji raw image", Image: true}},
	{"%PDF-", Kind{Name: "PDF"}},
	{"PK\x03\x04", Kind{Name: "a zip archive", Remedy: "unpack it"}},
	{"\x1f\x8b", Kind{Name: "a gzip archive", Remedy: "decompress it with gunzip"}},
	{"7z\xbc\xaf\x27\x1c", Kind{Name: "a 7z archive", Remedy: "unpack it"}},
	{"Rar!\x1a\x07", Kind{Name: "a rar archive", Remedy: "unpack it"}},
	{"RIFF????AVI ", Kind{Name: "a video (AVI)"}},
	{"\x1aE\xdf\xa3", Kind{Name: "a video (Matroska)"}},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind{Name: "a Microsoft Office file or thumbnail store"}},
	{"version https://git-lfs", Kind{Name: "a Git LFS pointer without its content", Remedy: "fetch its content with: git lfs pull"}},
	{"BZh", Kind{Name: "a bzip2 archive", Remedy: "decompress it with bunzip2"}},
	{"\xfd7zXZ\x00", Kind{Name: "an xz archive", Remedy: "decompress it with unxz"}},
	{"\x28\xb5\x2f\xfd", Kind{Name: "a zstd archive", Remedy: "decompress it with unzstd"}},
	{strings.Repeat("?", 257) + "ustar", Kind{Name: "a tar archive", Remedy: "unpack it"}},
	{"\x89HDF\r\n\x1a\n", Kind{Name: "HDF5, as written by Keras", Model: true}},
	{"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", PyTorch},
	{"????TFL3", Kind{Name: "a TensorFlow Lite model", Model: true}},
	{"GGUF", Kind{Name: "GGUF", Model: true}},
	{"MATLAB 5.0 MAT-file", Kind{Name: "a MATLAB file", Model: true}},
	{"\x08\x01\x12", Kind{Name: "the saved_model.pb of a SavedModel", Model: true}},
}

// Detect returns the kind of the file whose first bytes are prefix.
func Detect(prefix []byte) Kind {
	if member, ok := firstMember(prefix); ok {
		switch {
		case strings.HasSuffix(member, "/data.pkl"):
			return PyTorch
		case member == "metadata.json" || member == "config.json":
			return Kind{Name: "a Keras model", Model: true}
		}
	}
	for _, s := range signatures {
		if matches(prefix, s.magic) {
			return s.kind
		}
	}
	switch {
	// Text can begin with "BM" too: check the size of the header that follows the 14 bytes of the file header.
	case len(prefix) >= 18 && string(prefix[:2]) == "BM" && prefix[14] >= 12 && prefix[14] <= 124 && prefix[15]|prefix[16]|prefix[17] == 0:
		return Kind{Name: "BMP", Image: true}
	case len(prefix) >= 9 && prefix[5]|prefix[6]|prefix[7] == 0 && prefix[8] == '{':
		return Safetensors
	case len(prefix) >= 3 && prefix[0] == 8 && prefix[1] >= 3 && prefix[1] <= 20 && bytes.IndexByte([]byte("\x12\x1a\x3a\x42"), prefix[2]) >= 0:
		return Kind{Name: "an ONNX model", Model: true} // ModelProto: ir_version, and another field
	case isCaffe(prefix):
		return Caffe
	}
	return text(prefix)
}

// firstMember is the name of the first member of a zip archive (APPNOTE.TXT, §4.3.7).
func firstMember(prefix []byte) (string, bool) {
	const header = 30
	if len(prefix) < header || string(prefix[:4]) != "PK\x03\x04" {
		return "", false
	}
	n := int(prefix[26]) | int(prefix[27])<<8
	return string(prefix[header:min(header+n, len(prefix))]), true
}

// isCaffe reports whether prefix begins like caffe.proto's NetParameter: its name, then layers or inputs.
func isCaffe(prefix []byte) bool {
	if len(prefix) < 3 || prefix[0] != 0x0a {
		return false
	}
	end := 2 + int(prefix[1])
	if len(prefix) < end+2 {
		return false
	}
	name, next := prefix[2:end], prefix[end:]
	return bytes.IndexFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) < 0 &&
		(next[0] == 0x12 || next[0] == 0x1a || next[0] == 0xa2 && next[1] == 0x06)
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

// text names text formats.
func text(prefix []byte) Kind {
	if bytes.IndexByte(prefix, 0) >= 0 || len(prefix) == 0 {
		return Kind{}
	}
	lower := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(prefix, []byte("\xef\xbb\xbf"))))
	switch {
	case bytes.HasPrefix(lower, []byte("<!doctype html")), bytes.HasPrefix(lower, []byte("<html")):
		return Kind{Name: "HTML", Remedy: "download the file again: a web page was saved in its place"}
	case bytes.HasPrefix(lower, []byte("<svg")),
		bytes.HasPrefix(lower, []byte("<?xml")) && bytes.Contains(lower, []byte("<svg")):
		return Kind{Name: "SVG", Image: true}
	}
	for _, c := range prefix {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f || c >= 0xf8 {
			return Kind{}
		}
	}
	return Kind{Name: "text"}
}
