package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"alexnet/internal/atomicfile"
	"alexnet/internal/filesystem"
	"alexnet/tfgraph"
)

// tempSuffix marks files of a checkpoint that is being written or removed. If a description of such a name is left by a
// crash, its checkpoint is incomplete.
const tempSuffix = ".part"

// tempPrefix is the path prefix of a checkpoint that is being written or removed.
func (d Dir) tempPrefix(name string) string { return filepath.Join(string(d), "."+name+tempSuffix) }

func (d Dir) prefix(name string) string { return filepath.Join(string(d), name) }

// Save writes the variables and the description under temporary names, syncs and renames them, records the checkpoint
// as the newest, and removes those beyond keep, see [Dir.Rewind].
func (d Dir) Save(ctx context.Context, session *tfgraph.Session, saver *Saver, m Meta, keep int) error {
	if err := os.MkdirAll(string(d), 0o777); err != nil {
		return fmt.Errorf("save checkpoint %q: %w", m.Name, err)
	}
	if err := d.write(ctx, session, saver, m); err != nil {
		_ = d.removeIncomplete(m.Name) // frees the disk; if it fails, Sweep removes it
		return fmt.Errorf("save checkpoint %q: %w", d.Prefix(m), err)
	}
	return d.prune(keep)
}

// Rewind removes the checkpoints after to, from which a run is about to resume; all are after the zero value. Of the
// others it keeps the keep newest and the best, or all if keep is 0.
func (d Dir) Rewind(to Meta, keep int) error {
	names, err := d.candidates()
	if err != nil {
		return err
	}
	if to.Name == "" { // the state file would name a missing checkpoint
		if err := removeFile(d.stateFile()); err != nil {
			return err
		}
	}
	for _, name := range names {
		if slices.Compare(position(name), position(to.Name)) <= 0 {
			continue
		}
		if err := d.remove(name); err != nil {
			return err
		}
	}
	return d.prune(keep)
}

// prune records the newest checkpoint and removes those beyond keep.
func (d Dir) prune(keep int) error {
	all, err := d.List()
	if err != nil || len(all) == 0 {
		return err
	}
	kept, dropped := splitByRetention(all, keep)
	if err := d.writeState(kept); err != nil {
		return err
	}
	for _, m := range dropped {
		if err := d.remove(m.Name); err != nil {
			return err
		}
	}
	return nil
}

// write makes a complete checkpoint out of temporary files, in an order in which a crash leaves either all of it or what
// Sweep removes.
func (d Dir) write(ctx context.Context, session *tfgraph.Session, saver *Saver, m Meta) error {
	tmp := d.tempPrefix(m.Name)
	if err := saver.write(ctx, session, tmp, nil); err != nil {
		return err
	}
	var err error
	if m.Bundle, err = checksumsOf(tmp); err != nil {
		return err
	}
	text, err := m.encode()
	if err != nil {
		return err
	}
	if err := writeSynced(tmp+".json", text); err != nil {
		return err
	}
	return d.commit(m.Name)
}

// commit renames the temporary files, the description last.
func (d Dir) commit(name string) error {
	tmp, prefix := d.tempPrefix(name), d.prefix(name)
	if err := removeFile(prefix + ".json"); err != nil {
		return err // a damaged one, or of steps that were rolled back
	}
	for i, path := range bundleFiles(prefix) {
		if err := filesystem.Rename(bundleFiles(tmp)[i], path); err != nil {
			return err
		}
	}
	if err := atomicfile.Sync(string(d)); err != nil {
		return err
	}
	if err := filesystem.Rename(tmp+".json", prefix+".json"); err != nil {
		return err
	}
	return atomicfile.Sync(string(d))
}

// writeState writes the text file that tf.train.latest_checkpoint reads. kept is oldest first.
func (d Dir) writeState(kept []Meta) error {
	var b strings.Builder
	fmt.Fprintf(&b, "model_checkpoint_path: %q\n", kept[len(kept)-1].Name)
	for _, m := range kept {
		fmt.Fprintf(&b, "all_model_checkpoint_paths: %q\n", m.Name)
	}
	return atomicfile.Write(d.stateFile(), []byte(b.String()))
}

func (d Dir) stateFile() string { return filepath.Join(string(d), "checkpoint") }

// remove deletes a checkpoint, of which some files may be missing. It marks it as incomplete first.
func (d Dir) remove(name string) error {
	err := filesystem.Rename(d.prefix(name)+".json", d.tempPrefix(name)+".json")
	if errors.Is(err, fs.ErrNotExist) {
		err = writeSynced(d.tempPrefix(name)+".json", nil)
	}
	if err == nil {
		err = d.removeIncomplete(name)
	}
	if err != nil {
		return fmt.Errorf("remove old checkpoint %q: %w", name, err)
	}
	return nil
}

// removeIncomplete removes the files of a checkpoint that is not complete, temporary ones included.
func (d Dir) removeIncomplete(name string) error {
	if d.incomplete(name) {
		for _, path := range bundleFiles(d.prefix(name)) {
			if err := removeFile(path); err != nil {
				return err
			}
		}
	}
	// The temporary description is last by name, so that an interrupted removal can be repeated.
	paths, err := filepath.Glob(escapeGlob(d.tempPrefix(name)) + "*")
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// escapeGlob returns a pattern that matches the path alone.
func escapeGlob(path string) string {
	return regexp.MustCompile(`[\\*?\[]`).ReplaceAllString(path, `\$0`)
}

// incomplete reports whether a checkpoint is only partly written or partly removed.
func (d Dir) incomplete(name string) bool {
	_, err := os.Stat(d.tempPrefix(name) + ".json")
	_, final := os.Stat(d.prefix(name) + ".json")
	return err == nil && final != nil
}

// leftoverName matches names that a killed process may leave: temporary files, also of package atomicfile.
var leftoverName = regexp.MustCompile(`^\.(model_epoch[0-9]+(?:_step[0-9]+)?\.ckpt)\.part|^\.checkpoint\.[0-9]+$`)

// Sweep removes the files that a process left that was killed while saving. No other process may be saving into d.
func (d Dir) Sweep() error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return fmt.Errorf("sweep checkpoints: %w", err)
	}
	for _, e := range entries {
		found := leftoverName.FindStringSubmatch(e.Name())
		if found == nil {
			continue
		}
		if found[1] != "" {
			err = d.removeIncomplete(found[1])
		} else {
			err = os.Remove(d.prefix(e.Name()))
		}
		if err != nil {
			return fmt.Errorf("sweep checkpoints: %w", err)
		}
	}
	return nil
}

// writeSynced writes a file that no other process reads yet.
func writeSynced(path string, data []byte) error {
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return err
	}
	return atomicfile.Sync(path)
}

// removeFile removes a file, which may be missing.
func removeFile(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
