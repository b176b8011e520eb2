//go:build !linux

package sandbox

import (
	"errors"
	"os"
)

// newOutput returns an empty file without a name whose writes append.
func newOutput() (*os.File, error) {
	named, err := os.CreateTemp("", "alexnet-output-*")
	if err != nil {
		return nil, err
	}
	defer named.Close()
	f, err := os.OpenFile(named.Name(), os.O_RDWR|os.O_APPEND, 0)
	return f, errors.Join(err, os.Remove(named.Name()))
}
