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
)

// ErrExists is the reason why [Save] leaves a file alone: it did not write it.
var ErrExists = errors.New("a file is there that was not drawn here")

// mark is in the head of every file that Save writes: by it, Save knows its own.
const mark = "Comment\x00drawn by alexnet"

// headBytes holds the mark: of a PNG behind its signature and IHDR, of a JPEG behind its first marker.
const headBytes = 128

// Save writes the image as PNG or JPEG, by the ending of path: .png, .jpg or .jpeg. The file appears under its name
// complete or not at all. What Save wrote itself it replaces; any other file, link or folder of that name stays, and
// the error is [ErrExists].
func Save(path string, img image.Image) error {
	encoded, err := encode(filepath.Ext(path), img)
	if err != nil {
		return fmt.Errorf("save image %q: %w", path, err)
	}
	if err := checkReplaceable(path); err != nil {
		return fmt.Errorf("save image %q: %w", path, err)
	}
	if err := writeFile(path, encoded); err != nil {
		return fmt.Errorf("save image %q: %w", path, err)
	}
	return nil
}

func encode(extension string, img image.Image) ([]byte, error) {
	var b bytes.Buffer
	switch strings.ToLower(extension) {
	case ".png":
		err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img)
		return markedPNG(b.Bytes()), err
	case ".jpg", ".jpeg":
		err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92})
		return markedJPEG(b.Bytes()), err
	}
	return nil, fmt.Errorf("got the ending %q, want .png, .jpg or .jpeg", extension)
}

// markedPNG inserts a tEXt chunk behind signature and IHDR (PNG specification, 5.3 and 11.3.4.3).
func markedPNG(encoded []byte) []byte {
	const head = 8 + 25
	if len(encoded) < head {
		return encoded
	}
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(mark)))
	chunk = append(append(chunk, "tEXt"...), mark...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return bytes.Join([][]byte{encoded[:head], chunk, encoded[head:]}, nil)
}

// markedJPEG inserts a comment segment behind the SOI marker (ITU-T T.81, B.2.4.5).
func markedJPEG(encoded []byte) []byte {
	const head = 2
	if len(encoded) < head {
		return encoded
	}
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xfe}, uint16(len(mark)+2))
	return bytes.Join([][]byte{encoded[:head], append(segment, mark...), encoded[head:]}, nil)
}

// replaceable reports whether nothing stands at path, or a file that Save wrote.
func checkReplaceable(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return ErrExists
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, headBytes))
	if err == nil && !bytes.Contains(head, []byte(mark)) {
		err = ErrExists
	}
	return err
}

// write gives the file its name last.
func writeFile(path string, encoded []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".drawing-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(encoded)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
