package checkpoint

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"alexnet/alexnet"
	"alexnet/summaries"
	"alexnet/tfgraph"
)

// The ways in which a checkpoint cannot be used.
var (
	ErrNone    = errors.New("no checkpoint here")
	ErrDamaged = errors.New("damaged")
)

// Dir is a folder of checkpoints.
type Dir string

// Meta says what a checkpoint's variables are of; it stands beside them as
// NAME.json.
type Meta struct {
	Name     string             `json:"name"`  // model_epoch3.ckpt
	Step     int64              `json:"step"`  // updates done
	Epoch    int                `json:"epoch"` // epochs done
	Index    int                `json:"index"` // pictures of the next epoch already used
	Saved    time.Time          `json:"saved"`
	Partial  *Partial           `json:"partial,omitempty"` // what the next epoch has shown up to Index
	Display  *Partial           `json:"display,omitempty"` // what the updates since the last point of the curves have shown
	Events   summaries.Position `json:"events,omitzero"`   // how far the run's event files went
	Skipped  int64              `json:"skipped,omitempty"` // of the updates, left out as they were not finite
	Lowered  int                `json:"lowered,omitempty"` // times that the learning rate was lowered to a tenth
	Network  alexnet.Config     `json:"network"`
	Contract alexnet.Contract   `json:"contract"`
	Metrics  *Metrics           `json:"metrics,omitempty"` // of the validation pictures, at the end of an epoch
	Config   json.RawMessage    `json:"config"`            // the run's resolved settings
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

// Name is what the checkpoint of a position is called: model_epochN.ckpt as in
// the original after a whole epoch, model_epochN_stepS.ckpt inside the next.
func Name(epoch, index int, step int64) string {
	if index == 0 {
		return fmt.Sprintf("model_epoch%d.ckpt", epoch)
	}
	return fmt.Sprintf("model_epoch%d_step%d.ckpt", epoch, step)
}

// Prefix is the path that TensorFlow knows the checkpoint by.
func (d Dir) Prefix(m Meta) string { return filepath.Join(string(d), m.Name) }

// Save writes the variables under m.Name, then what they are of, then names the checkpoint
// the newest, and last removes those that keep lets go.
func (d Dir) Save(ctx context.Context, session *tfgraph.Session, saver *Saver, m Meta, keep int) error {
	if err := os.MkdirAll(string(d), 0o777); err != nil {
		return fmt.Errorf("save checkpoint %q: %w", m.Name, err)
	}
	if err := d.write(ctx, session, saver, m); err != nil {
		return errors.Join(err, d.remove([]Meta{m})) // half a checkpoint would only fill the disk
	}
	all, err := d.List()
	if err != nil {
		return err
	}
	kept, dropped := retain(all, keep)
	if err := d.writeState(kept); err != nil {
		return err
	}
	return d.remove(dropped)
}

// write writes the bundle and then its description.
func (d Dir) write(ctx context.Context, session *tfgraph.Session, saver *Saver, m Meta) error {
	if err := saver.Save(ctx, session, d.Prefix(m)); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("save checkpoint %q: %w", m.Name, err)
	}
	return WriteFile(d.Prefix(m)+".json", append(text, '\n'))
}

// List gives the checkpoints whose files are all there, oldest first.
func (d Dir) List() ([]Meta, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var all []Meta
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".ckpt.json")
		if !ok {
			continue
		}
		m, err := ReadMeta(filepath.Join(string(d), name+".ckpt"))
		if err != nil {
			continue // Latest and Find report it when it is asked for by name
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Meta) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Epoch, b.Epoch))
	})
	return all, nil
}

// ReadMeta reads the description of the checkpoint at prefix and checks that
// its bundle is there.
func ReadMeta(prefix string) (Meta, error) {
	var m Meta
	text, err := os.ReadFile(prefix + ".json")
	if err != nil {
		return m, fmt.Errorf("read checkpoint %q: %w", prefix, err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("read checkpoint %q: %w: %w", prefix, ErrDamaged, err)
	}
	if m.Name != filepath.Base(prefix) {
		return m, fmt.Errorf("read checkpoint %q: %w: its description is of %q", prefix, ErrDamaged, m.Name)
	}
	for _, path := range bundleFiles(prefix) {
		if _, err := os.Stat(path); err != nil {
			return m, fmt.Errorf("read checkpoint %q: %w: %w", prefix, ErrDamaged, err)
		}
	}
	if err := m.Validate(); err != nil {
		return m, fmt.Errorf("read checkpoint %q: %w: %w", prefix, ErrDamaged, err)
	}
	return m, nil
}

// Validate reports why m cannot be of a checkpoint: network and contract have to
// agree, since one counts the outputs that the other names.
func (m Meta) Validate() error {
	network := m.Network.WithDefaults()
	errs := []error{network.Validate(), m.Contract.Validate()}
	if got, want := len(m.Contract.Classes), network.Classes; got != want {
		errs = append(errs, fmt.Errorf("got %d class names, want %d as the network has outputs", got, want))
	}
	if got, want := m.Contract.Size, network.Size; got != want {
		errs = append(errs, fmt.Errorf("got pictures of side %d, want %d as the network reads", got, want))
	}
	if m.Skipped < 0 || m.Lowered < 0 {
		errs = append(errs, fmt.Errorf("got %d updates skipped and the rate lowered %d times, want neither below 0", m.Skipped, m.Lowered))
	}
	if m.Epoch < 0 || m.Index < 0 || m.Step < 0 {
		errs = append(errs, fmt.Errorf("got epoch %d, index %d, step %d, want none below 0", m.Epoch, m.Index, m.Step))
	}
	return errors.Join(errs...)
}

// Best is the checkpoint with the highest validation accuracy, the lower loss
// and then the later step deciding between equals; without any metrics it is the
// newest. all is oldest first.
func Best(all []Meta) (Meta, bool) {
	if len(all) == 0 {
		return Meta{}, false
	}
	best := all[0]
	for _, m := range all[1:] {
		if !better(best.Metrics, m.Metrics) {
			best = m
		}
	}
	return best, true
}

func better(a, b *Metrics) bool {
	if a == nil || b == nil {
		return a != nil
	}
	return a.Accuracy > b.Accuracy || a.Accuracy == b.Accuracy && a.Loss < b.Loss
}

// retain splits all, oldest first, into what stays and what goes: the keep
// newest and the best stay; a checkpoint from inside an epoch is not counted, and
// goes as soon as there is a newer one. keep 0 keeps all.
func retain(all []Meta, keep int) (kept, dropped []Meta) {
	best, _ := Best(all)
	left := keep
	for i := len(all) - 1; i >= 0; i-- {
		m, newest := all[i], i == len(all)-1
		inside := m.Index > 0
		if inside && !newest || !inside && keep > 0 && left <= 0 && m.Name != best.Name {
			dropped = append(dropped, m)
			continue
		}
		if kept = append(kept, m); !inside {
			left--
		}
	}
	slices.Reverse(kept)
	return kept, dropped
}

// writeState writes the text file that tf.train.latest_checkpoint reads; kept
// is oldest first.
func (d Dir) writeState(kept []Meta) error {
	var b strings.Builder
	fmt.Fprintf(&b, "model_checkpoint_path: %q\n", kept[len(kept)-1].Name)
	for _, m := range kept {
		fmt.Fprintf(&b, "all_model_checkpoint_paths: %q\n", m.Name)
	}
	return WriteFile(filepath.Join(string(d), "checkpoint"), []byte(b.String()))
}

// remove deletes each description first: without it the rest is no checkpoint.
func (d Dir) remove(dropped []Meta) error {
	for _, m := range dropped {
		prefix := d.Prefix(m)
		for _, path := range append([]string{prefix + ".json"}, bundleFiles(prefix)...) {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove old checkpoint %q: %w", m.Name, err)
			}
		}
	}
	return nil
}

// Sweep removes the unfinished files of a process that died while TensorFlow
// wrote a checkpoint. Nothing else may be saving into d.
func (d Dir) Sweep() error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return fmt.Errorf("sweep checkpoints: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "model_epoch") || !strings.Contains(e.Name(), ".tempstate") {
			continue
		}
		if err := os.Remove(filepath.Join(string(d), e.Name())); err != nil {
			return fmt.Errorf("sweep checkpoints: %w", err)
		}
	}
	return nil
}
