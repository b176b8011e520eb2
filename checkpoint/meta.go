package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"alexnet/alexnet"
	"alexnet/internal/regular"
	"alexnet/summaries"
)

// Meta says what a checkpoint's variables are of; it stands beside them as
// NAME.json.
type Meta struct {
	Name          string                `json:"name"`  // model_epoch3.ckpt
	Step          int64                 `json:"step"`  // updates done
	Epoch         int                   `json:"epoch"` // epochs done
	Index         int                   `json:"index"` // pictures of the next epoch already used
	Saved         time.Time             `json:"saved"`
	Partial       *Partial              `json:"partial,omitempty"` // what the next epoch has shown up to Index
	Display       *Partial              `json:"display,omitempty"` // what the updates since the last point of the curves have shown
	Events        summaries.Position    `json:"events,omitzero"`   // how far the run's event files went
	Skipped       int64                 `json:"skipped,omitempty"` // of the updates, left out as they were not finite
	Lowered       int                   `json:"lowered,omitempty"` // times that the learning rate was lowered to a tenth
	Network       alexnet.Config        `json:"network"`
	Preprocessing alexnet.Preprocessing `json:"contract"`
	Metrics       *Metrics              `json:"metrics,omitempty"` // of the validation pictures, at the end of an epoch
	Bundle        *Checksums            `json:"bundle,omitempty"`  // set by Save
	Config        json.RawMessage       `json:"config"`            // the run's resolved settings
}

// Sums tie a description to the bundle beside it, whose index holds the checksum
// of each variable.
type Checksums struct {
	Index string `json:"index"` // CRC-32C of NAME.index, in hexadecimal
	Size  int64  `json:"size"`  // bytes of the data file
}

// Partial adds up what the updates of an unfinished epoch have shown.
type Partial struct {
	Loss    float64 `json:"loss"` // summed over pictures
	Correct int     `json:"correct"`
	Count   int     `json:"count"`
}

// Metrics are the figures by which checkpoints are compared.
type Metrics struct {
	Accuracy float64 `json:"accuracy"`
	Loss     float64 `json:"loss"` // mean cross-entropy in nats
	Count    int     `json:"count"`
}

// ReadMeta reads the description of the checkpoint at prefix, compares it with its
// checksum, and checks that its bundle is there. What the variables hold, [Verify]
// looks at.
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
		return fmt.Errorf("its description is of %q", m.Name)
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

// maxNested is how deep settings may lie in one another. A run's lie three deep, and
// what is indented takes more room the deeper it lies.
const maxNested = 32

// nested is how deep the lists and objects of text lie in one another.
func nested(text json.RawMessage) (deepest int) {
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

// Validate reports why m cannot be of a checkpoint: network and contract have to
// agree, since one counts the outputs that the other names.
func (m Meta) Validate() error {
	network := m.Network.WithDefaults()
	errs := []error{network.Validate(), m.Preprocessing.Validate()}
	if got, want := len(m.Preprocessing.Classes), network.Classes; got != want {
		errs = append(errs, fmt.Errorf("got %d class names, want %d as the network has outputs", got, want))
	}
	if got, want := m.Preprocessing.Size, network.Size; got != want {
		errs = append(errs, fmt.Errorf("got pictures of side %d, want %d as the network reads", got, want))
	}
	if got := nested(m.Config); got > maxNested {
		errs = append(errs, fmt.Errorf("got settings nested %d deep, want at most %d", got, maxNested))
	}
	if m.Skipped < 0 || m.Lowered < 0 {
		errs = append(errs, fmt.Errorf("got %d updates skipped and the rate lowered %d times, want neither below 0", m.Skipped, m.Lowered))
	}
	if m.Epoch < 0 || m.Index < 0 || m.Step < 0 {
		errs = append(errs, fmt.Errorf("got epoch %d, index %d, step %d, want none below 0", m.Epoch, m.Index, m.Step))
	}
	return errors.Join(errs...)
}
