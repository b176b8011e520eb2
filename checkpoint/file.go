package checkpoint

import (
	"errors"
	"os"
)

// mostText is how large a file beside the values may be.
const maxTextSize = 64 << 20

// writeSynced writes a file of a name that nobody reads yet.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
