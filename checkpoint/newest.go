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

// Newest is the newest checkpoint that is whole to its last bit, and what is wrong
// with those after it. Where none is, the error wraps [ErrNone].
func (d Dir) Newest(ctx context.Context) (m Meta, damaged []error, err error) {
	return d.After(ctx, Meta{})
}

// After is [Dir.Newest] among those that come after one; all come after the zero
// value.
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
			err = Verify(ctx, d.prefix(name))
		}
		switch {
		case err == nil:
			return m, damaged, nil
		case ctx.Err() != nil:
			return m, damaged, ctx.Err()
		case isReadError(err):
			return m, damaged, fmt.Errorf("find checkpoint in %q: whether the newest one is whole cannot be told: %w", string(d), err)
		}
		damaged = append(damaged, err)
	}
	return Meta{}, damaged, fmt.Errorf("find checkpoint in %q: %w", string(d), ErrNone)
}

// unread tells whether err came from reading and not from what was read: the
// checkpoint may be whole.
func isReadError(err error) bool {
	var no syscall.Errno
	return errors.As(err, &no) && no != syscall.ENOENT || errors.Is(err, regular.Err)
}

// names are those of which anything is there, or should be, newest first: one
// that is only partly written or removed is not.
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

// place is the position that a name from [Name] tells, nil for any other name.
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

// Latest is the base name that TensorFlow's text file gives as the newest
// (CheckpointState, checkpoint_state.proto), whoever wrote it; "" without it.
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
