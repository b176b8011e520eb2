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
	"alexnet/tfgraph"
)

// While a checkpoint is written or removed, its description has the name of a
// part. What is found beside such a name after a crash is no whole checkpoint.
const tempSuffix = ".part"

// part is the prefix under which the checkpoint of a name is not whole yet, or
// not any more.
func (d Dir) tempPrefix(name string) string { return filepath.Join(string(d), "."+name+tempSuffix) }

func (d Dir) prefix(name string) string { return filepath.Join(string(d), name) }

// Save writes the variables and what they are of under a name of their own, has
// all of it on the disk before it bears m.Name, then names the checkpoint the
// newest, and last removes those that keep lets go.
func (d Dir) Save(ctx context.Context, session *tfgraph.Session, saver *Saver, m Meta, keep int) error {
	if err := os.MkdirAll(string(d), 0o777); err != nil {
		return fmt.Errorf("save checkpoint %q: %w", m.Name, err)
	}
	if err := d.write(ctx, session, saver, m); err != nil {
		_ = d.removeIncomplete(m.Name) // half a checkpoint would only fill the disk; if it stays, Sweep takes it
		return fmt.Errorf("save checkpoint %q: %w", d.Prefix(m), err)
	}
	return d.prune(keep)
}

// Rewind removes the checkpoints after to, from which a run is about to resume: they are damaged, or their steps will be
// repeated. Then it removes those that exceed keep. The zero value of to comes before all.
func (d Dir) Rewind(to Meta, keep int) error {
	names, err := d.candidates()
	if err != nil {
		return err
	}
	if to.Name == "" { // the state file would name a missing checkpoint
		if err := os.Remove(d.stateFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
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

// prune names the newest checkpoint and removes those that keep lets go.
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

// write makes a whole checkpoint of parts, in an order in which a crash leaves
// either all or what Sweep removes.
func (d Dir) write(ctx context.Context, session *tfgraph.Session, saver *Saver, m Meta) error {
	part := d.tempPrefix(m.Name)
	if err := saver.write(ctx, session, part, nil); err != nil {
		return err
	}
	var err error
	if m.Bundle, err = checksumsOf(part); err != nil {
		return err
	}
	text, err := m.encode()
	if err != nil {
		return err
	}
	if err := writeSynced(part+".json", text); err != nil {
		return err
	}
	return d.commit(m.Name)
}

// commit gives the parts their names, the description's last.
func (d Dir) commit(name string) error {
	part, prefix := d.tempPrefix(name), d.prefix(name)
	if err := os.Remove(prefix + ".json"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // a damaged one, or of updates that were lost
	}
	for i, path := range bundleFiles(prefix) {
		if err := os.Rename(bundleFiles(part)[i], path); err != nil {
			return err
		}
	}
	if err := atomicfile.Sync(string(d)); err != nil {
		return err
	}
	if err := os.Rename(part+".json", prefix+".json"); err != nil {
		return err
	}
	return atomicfile.Sync(string(d))
}

// writeState writes the text file that tf.train.latest_checkpoint reads; kept
// is oldest first.
func (d Dir) writeState(kept []Meta) error {
	var b strings.Builder
	fmt.Fprintf(&b, "model_checkpoint_path: %q\n", kept[len(kept)-1].Name)
	for _, m := range kept {
		fmt.Fprintf(&b, "all_model_checkpoint_paths: %q\n", m.Name)
	}
	return atomicfile.Write(d.stateFile(), []byte(b.String()))
}

func (d Dir) stateFile() string { return filepath.Join(string(d), "checkpoint") }

// remove deletes a checkpoint, of which some files may be missing. First it
// becomes a part.
func (d Dir) remove(name string) error {
	err := os.Rename(d.prefix(name)+".json", d.tempPrefix(name)+".json")
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

// removeIncomplete removes the files of an incomplete checkpoint.
func (d Dir) removeIncomplete(name string) error {
	if d.incomplete(name) {
		for _, path := range bundleFiles(d.prefix(name)) {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	// The temporary description is last by name, so an interrupted call can be repeated.
	parts, err := filepath.Glob(escapeGlob(d.tempPrefix(name)) + "*")
	if err != nil {
		return err
	}
	for _, path := range parts {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// escaped is a path as a pattern that only it matches.
func escapeGlob(path string) string {
	return regexp.MustCompile(`[\\*?\[]`).ReplaceAllString(path, `\$0`)
}

// unfinished tells whether the checkpoint of a name is only partly written, or
// partly removed.
func (d Dir) incomplete(name string) bool {
	_, err := os.Stat(d.tempPrefix(name) + ".json")
	_, whole := os.Stat(d.prefix(name) + ".json")
	return err == nil && whole != nil
}

// leftover are names that a killed process may leave: parts, and what atomicfile
// had not renamed yet.
// Earlier versions had TensorFlow write under the checkpoint's own name.
var leftoverName = regexp.MustCompile(`^\.(model_epoch[0-9]+(?:_step[0-9]+)?\.ckpt)\.part|^\.checkpoint\.[0-9]+$|^model_epoch.*\.tempstate`)

// Sweep removes what a process that died while it saved has left. Nothing else
// may be saving into d.
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
