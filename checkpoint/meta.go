package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"alexnet/internal/regular"
	"alexnet/summaries"
)

// Meta describes a checkpoint; it is stored beside the variables as NAME.json.
type Meta struct {
	Name    string             `json:"name"`  // model_epoch3.ckpt
	Step    int64              `json:"step"`  // optimizer steps done
	Epoch   int                `json:"epoch"` // epochs done
	Index   int                `json:"index"` // examples of the next epoch already used
	Saved   time.Time          `json:"saved"`
	Partial *Partial           `json:"partial,omitempty"` // sums over the next epoch's steps up to Index
	Display *Partial           `json:"display,omitempty"` // sums over the steps since the last point of the curves
	Events  summaries.Position `json:"events,omitzero"`   // end of the run's event files
	Skipped int64              `json:"skipped,omitempty"` // steps skipped because of a non-finite loss or gradient
	Lowered int                `json:"lowered,omitempty"` // times the learning rate was lowered to a tenth
	Model   json.RawMessage    `json:"model"`             // describes the network and its preprocessing; opaque to this package
	Metrics *Metrics           `json:"metrics,omitempty"` // on the validation split, at the end of an epoch
	Bundle  *checksums         `json:"bundle,omitempty"`  // set by Save
	Config  json.RawMessage    `json:"config"`            // the run's resolved settings
}

// checksums tie a description to the bundle beside it, whose index holds the checksum of each variable.
type checksums struct {
	Index string `json:"index"` // CRC-32C of NAME.index, in hexadecimal
	Size  int64  `json:"size"`  // bytes of the data file
}

// Partial holds sums over the steps of an unfinished epoch.
type Partial struct {
	Loss    float64 `json:"loss"` // summed over examples
	Correct int     `json:"correct"`
	Count   int     `json:"count"`
}

// Metrics are the values by which checkpoints are compared.
type Metrics struct {
	Accuracy float64 `json:"accuracy"`
	Loss     float64 `json:"loss"` // mean cross-entropy in nats
	Count    int     `json:"count"`
}

// ReadMeta reads the description of the checkpoint at prefix, verifies its checksum, and checks that the bundle is
// there. verify verifies the values of the variables.
func ReadMeta(prefix string) (Meta, error) {
	var m Meta
	text, err := regular.Read(prefix+".json", maxTextSize)
	if err != nil {
		return m, fmt.Errorf("read checkpoint %q: %w", prefix, err)
	}
	if err := m.decode(text, prefix); err != nil {
		return m, fmt.Errorf("read checkpoint %q: %w: %w", prefix, ErrDamaged, err)
	}
	return m, nil
}

func (m *Meta) decode(text []byte, prefix string) error {
	if err := json.Unmarshal(text, m); err != nil {
		return err
	}
	if m.Name != filepath.Base(prefix) {
		return fmt.Errorf("the description is of %q", m.Name)
	}
	if err := verifyChecksum(text, m.Bundle != nil); err != nil {
		return err
	}
	for _, path := range bundleFiles(prefix) {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	if m.Bundle != nil {
		if err := m.Bundle.check(prefix); err != nil {
			return err
		}
	}
	return m.Validate()
}

// maxNesting bounds the depth of Model and Config, which are three levels deep: indentation grows with depth.
const maxNesting = 32

// nestingDepth is how deep lists and objects are nested in text.
func nestingDepth(text json.RawMessage) (deepest int) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
			deepest = max(deepest, depth)
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// Validate reports everything that is wrong with m.
func (m Meta) Validate() error {
	var errs []error
	if !bytes.HasPrefix(m.Model, []byte("{")) {
		errs = append(errs, errors.New("got no model description: an older version of alexnet wrote this checkpoint"))
	}
	for name, text := range map[string]json.RawMessage{"model": m.Model, "config": m.Config} {
		if got := nestingDepth(text); got > maxNesting {
			errs = append(errs, fmt.Errorf("%s: got JSON nested %d deep, want at most %d", name, got, maxNesting))
		}
	}
	if m.Skipped < 0 || m.Lowered < 0 {
		errs = append(errs, fmt.Errorf("got %d skipped steps and %d lowered learning rates, want at least 0", m.Skipped, m.Lowered))
	}
	if m.Epoch < 0 || m.Index < 0 || m.Step < 0 {
		errs = append(errs, fmt.Errorf("got epoch %d, index %d, step %d, want at least 0", m.Epoch, m.Index, m.Step))
	}
	return errors.Join(errs...)
}
