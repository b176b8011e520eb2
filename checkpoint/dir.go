package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The ways in which a checkpoint cannot be used.
var (
	ErrNone    = errors.New("no checkpoint here")
	ErrDamaged = errors.New("damaged")
)

// Dir is a folder of checkpoints.
type Dir string

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
func splitByRetention(all []Meta, keep int) (kept, dropped []Meta) {
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
