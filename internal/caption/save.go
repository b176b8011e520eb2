package caption

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alexnet/internal/atomicfile"
)

var errExists = errors.New("file exists and was not written by alexnet")

// mark is in the header of every file that Save writes, by which Save recognizes its own.
const mark = "Comment\x00drawn by alexnet"

// headBytes covers the mark: after the signature and IHDR of a PNG, after the first marker of a JPEG.
const headBytes = 128

// Save writes the image as PNG or JPEG, by the extension of path: .png, .jpg or .jpeg. It replaces a file that it
// wrote itself; any other file, link or folder of that name is an error.
func Save(path string, img image.Image) error {
	encoded, err := encode(filepath.Ext(path), img)
	if err != nil {
		return fmt.Errorf("save image %q: %w", path, err)
	}
	if err := checkReplaceable(path); err != nil {
		return fmt.Errorf("save image %q: %w", path, err)
	}
	if err := atomicfile.WriteCache(path, encoded); err != nil {
		return fmt.Errorf("save image: %w", err)
	}
	return nil
}

func encode(extension string, img image.Image) ([]byte, error) {
	var b bytes.Buffer
	switch strings.ToLower(extension) {
	case ".png":
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
			return nil, err
		}
		return markedPNG(b.Bytes()), nil
	case ".jpg", ".jpeg":
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
			return nil, err
		}
		return markedJPEG(b.Bytes()), nil
	}
	return nil, fmt.Errorf("got the extension %q, want .png, .jpg or .jpeg", extension)
}

// markedPNG inserts a tEXt chunk after the signature and IHDR (PNG specification, 5.3 and 11.3.4.3).
func markedPNG(encoded []byte) []byte {
	const head = 8 + 25
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(mark)))
	chunk = append(append(chunk, "tEXt"...), mark...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return bytes.Join([][]byte{encoded[:head], chunk, encoded[head:]}, nil)
}

// markedJPEG inserts a comment segment after the SOI marker (ITU-T T.81, B.2.4.5).
func markedJPEG(encoded []byte) []byte {
	const head = 2
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xfe}, uint16(len(mark)+2))
	return bytes.Join([][]byte{encoded[:head], append(segment, mark...), encoded[head:]}, nil)
}

// checkReplaceable refuses any file at path that Save did not write.
func checkReplaceable(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errExists
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, headBytes))
	if err == nil && !bytes.Contains(head, []byte(mark)) {
		err = errExists
	}
	return err
}
