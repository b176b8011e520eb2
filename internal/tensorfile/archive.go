package tensorfile

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
)

// Limits of an archive. AlexNet's arrays are 244 MB in float32, twice that in float64.
const (
	maxMembers  = 16 << 10
	maxInflated = 1 << 30
	// maxDirectory bounds what is read to list the members, each of which takes memory.
	maxDirectory = 4 << 20
	// maxRatio is deflate's maximum; a member that claims more is forged.
	maxRatio = 1032
)

// OpenArchive reads the directory of a zip archive. It refuses zip bombs by the sizes that the directory claims; reading a
// member stops at its claimed size, so these bound memory.
func OpenArchive(src io.ReaderAt, size int64) (*zip.Reader, error) {
	limited := &directoryReader{ReaderAt: src, left: maxDirectory}
	z, err := zip.NewReader(limited, size)
	if err != nil {
		return nil, Malformed(0, "a zip archive", "%s", err)
	}
	limited.left = -1
	return z, checkArchive(z, size)
}

// directoryReader fails after left bytes; a negative number is none.
type directoryReader struct {
	io.ReaderAt
	left int
}

func (r *directoryReader) ReadAt(p []byte, off int64) (int, error) {
	if r.left >= 0 {
		if r.left -= len(p); r.left < 0 {
			r.left = 0
			return 0, fmt.Errorf("a directory of more than %d bytes", maxDirectory)
		}
	}
	return r.ReaderAt.ReadAt(p, off)
}

func checkArchive(z *zip.Reader, size int64) error {
	if len(z.File) > maxMembers {
		return Malformed(0, fmt.Sprintf("at most %d members", maxMembers), "%d", len(z.File))
	}
	var packed, inflated uint64
	for _, f := range z.File {
		switch {
		case f.Flags&1 != 0:
			return Malformed(0, "an archive that is not encrypted", "encrypted member %.80q", f.Name)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return Malformed(0, "stored or deflated members", "member %.80q with method %d", f.Name, f.Method)
		case f.CompressedSize64 > uint64(size), f.UncompressedSize64 > maxInflated,
			f.UncompressedSize64/maxRatio > f.CompressedSize64,
			f.Method == zip.Store && f.UncompressedSize64 != f.CompressedSize64:
			return Malformed(0, "plausible sizes", "member %.80q of %d bytes packed into %d",
				f.Name, f.UncompressedSize64, f.CompressedSize64)
		}
		packed += f.CompressedSize64
		inflated += f.UncompressedSize64
	}
	if packed > uint64(size) || inflated > maxInflated {
		return Malformed(0, fmt.Sprintf("members that fit the file, and %d bytes unpacked", maxInflated),
			"%d bytes packed, %d unpacked", packed, inflated)
	}
	return nil
}

// Damaged turns an error caused by an archive's content into an [*Error].
func Damaged(err error) error {
	if isDamage(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return Malformed(0, "undamaged data", "%s", err)
	}
	return err
}

// ErrDamage is wrapped by errors of an Open's reader that the data causes.
var ErrDamage = errors.New("damaged data")

func isDamage(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) ||
		errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, ErrDamage) || errors.As(err, &corrupt)
}
