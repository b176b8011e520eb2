// Package checkpoint stores a run's variables as TensorFlow V2 bundles. Start with [NewSaver], which adds the save and
// restore nodes to a graph, [Load], which reads values for a graph that only uses them, and [Dir], the directory
// RUN/checkpoints.
//
// A checkpoint is four files: NAME.data-00000-of-00001 and NAME.index, which tf.train.load_checkpoint and TF1's Saver
// read; NAME.json, which describes the model; and the shared text file `checkpoint`, which names the newest. All are
// written under temporary names and renamed in that order once they are synced: at any moment the directory holds every
// earlier checkpoint intact. The description has a checksum of itself and of the index, which has one of each variable,
// so that [Dir.Newest] detects any damage, down to one bit.
package checkpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"alexnet/internal/regular"
)

// Reasons why a checkpoint cannot be used.
var (
	ErrNone    = errors.New("no checkpoint here")
	ErrDamaged = errors.New("damaged")
)

// Dir is a directory of checkpoints.
type Dir string

// Name is the name of the checkpoint at a position: model_epochN.ckpt at the end of an epoch, as in the original, or
// model_epochN_stepS.ckpt inside the next.
func Name(epoch, index int, step int64) string {
	if index == 0 {
		return fmt.Sprintf("model_epoch%d.ckpt", epoch)
	}
	return fmt.Sprintf("model_epoch%d_step%d.ckpt", epoch, step)
}

// Prefix is the path prefix by which TensorFlow refers to the checkpoint.
func (d Dir) Prefix(m Meta) string { return filepath.Join(string(d), m.Name) }

// List returns the complete checkpoints, oldest first. It skips damaged ones, which [ReadMeta] and [Dir.Newest] report.
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
			continue
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Meta) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Epoch, b.Epoch))
	})
	return all, nil
}

// Best returns the checkpoint with the highest validation accuracy, of equal ones that with the lower loss and then the
// later step; without metrics, the newest. all is oldest first.
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

// splitByRetention splits all, oldest first, into those to keep and those to drop: it keeps the keep newest and the
// best. A checkpoint inside an epoch does not count and is dropped once there is a newer one. keep 0 keeps all.
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

// Newest returns the newest intact checkpoint, its values verified, and the errors of the damaged ones after it. Without
// any, the error wraps [ErrNone].
func (d Dir) Newest(ctx context.Context) (m Meta, damaged []error, err error) {
	return d.After(ctx, Meta{})
}

// After is [Dir.Newest] among those after one; all are after the zero value.
func (d Dir) After(ctx context.Context, one Meta) (m Meta, damaged []error, err error) {
	names, err := d.candidates()
	if err != nil {
		return m, nil, err
	}
	for _, name := range names {
		if slices.Compare(position(name), position(one.Name)) <= 0 {
			break // newest first
		}
		m, err := ReadMeta(d.prefix(name))
		if err == nil {
			err = verify(ctx, d.prefix(name))
		}
		switch {
		case err == nil:
			return m, damaged, nil
		case ctx.Err() != nil:
			return m, damaged, ctx.Err()
		case isReadError(err):
			return m, damaged, fmt.Errorf("find checkpoint in %q: cannot verify the newest one: %w", string(d), err)
		}
		damaged = append(damaged, err)
	}
	return Meta{}, damaged, fmt.Errorf("find checkpoint in %q: %w", string(d), ErrNone)
}

// isReadError reports whether err is a failure to read, so that the checkpoint may be intact.
func isReadError(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && errno != syscall.ENOENT || errors.Is(err, regular.Err)
}

// candidates are the names of checkpoints of which any file exists or should exist, newest first, except those that are
// partly written or removed.
func (d Dir) candidates() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	found := []string{d.Latest()}
	for _, e := range entries {
		for _, ending := range []string{".json", ".index", ".data-00000-of-00001"} {
			if name, ok := strings.CutSuffix(e.Name(), ending); ok {
				found = append(found, name)
			}
		}
	}
	found = slices.DeleteFunc(found, func(name string) bool { return position(name) == nil || d.incomplete(name) })
	slices.SortFunc(found, func(a, b string) int { return -slices.Compare(position(a), position(b)) })
	return slices.Compact(found), nil
}

// position parses a name from [Name]; it is nil for any other name.
func position(name string) []int64 {
	inner, ours := strings.CutPrefix(strings.TrimSuffix(name, ".ckpt"), "model_epoch")
	epoch, step, _ := strings.Cut(inner, "_step")
	e, err := strconv.ParseInt(epoch, 10, 64)
	s, stepErr := strconv.ParseInt(cmp.Or(step, "0"), 10, 64)
	if !ours || err != nil || stepErr != nil || !strings.HasSuffix(name, ".ckpt") {
		return nil
	}
	return []int64{e, s}
}

// Latest is the base name of the newest checkpoint according to TensorFlow's text file (CheckpointState,
// checkpoint_state.proto), whichever program wrote it; "" without it.
func (d Dir) Latest() string {
	text, err := regular.Read(d.stateFile(), maxTextSize)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "model_checkpoint_path:"); ok {
			return filepath.Base(strings.Trim(strings.TrimSpace(name), `"`))
		}
	}
	return ""
}
