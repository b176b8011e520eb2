package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// twoSaved are an older checkpoint and the newest.
func twoSaved(t *testing.T) (d Dir, older, newest Meta) {
	t.Helper()
	d, older, newest = Dir(t.TempDir()), measured(1, .5, 1), measured(2, .6, 1)
	filled(t, 1).save(t, d, older, 5)
	filled(t, 2).save(t, d, newest, 5)
	return d, older, newest
}

// Any damage to the newest checkpoint's files is detected, and the previous one is used.
func TestNewestSkipsDamagedCheckpoints(t *testing.T) {
	d, older, newest := twoSaved(t)
	prefix := d.Prefix(newest)
	if m, damaged, err := d.Newest(context.Background()); m.Name != newest.Name || damaged != nil || err != nil {
		t.Fatalf("got %q, %v, %v, want the newest", m.Name, damaged, err)
	}
	type damage struct {
		name   string
		damage func(path string, text []byte) error
	}
	damages := []damage{
		{"gone", func(path string, _ []byte) error { return os.Remove(path) }},
		{"empty", func(path string, _ []byte) error { return os.Truncate(path, 0) }},
		{"half", func(path string, text []byte) error { return os.Truncate(path, int64(len(text)/2)) }},
		{"a byte short", func(path string, text []byte) error { return os.Truncate(path, int64(len(text)-1)) }},
		{"longer", func(path string, text []byte) error { return os.WriteFile(path, append(text, 0), 0o644) }},
		{"zeros", func(path string, text []byte) error { return os.WriteFile(path, make([]byte, len(text)), 0o644) }},
		{"of the one before", func(path string, _ []byte) error {
			before, err := os.ReadFile(strings.Replace(path, newest.Name, older.Name, 1))
			return errors.Join(err, os.WriteFile(path, before, 0o644))
		}},
	}
	for _, ending := range []string{data, index, ".json"} {
		path := prefix + ending
		text, err := os.ReadFile(path)
		must(t, err)
		for _, s := range damages {
			t.Run(ending+" "+s.name, func(t *testing.T) {
				must(t, s.damage(path, slices.Clone(text)))
				m, damaged, err := d.Newest(context.Background())
				if m.Name != older.Name || len(damaged) != 1 || err != nil {
					t.Fatalf("got %q, %v, %v, want the one before", m.Name, damaged, err)
				}
				if !strings.Contains(damaged[0].Error(), newest.Name) {
					t.Errorf("got %q, want the name of the damaged one", damaged[0])
				}
				must(t, os.WriteFile(path, text, 0o644))
			})
		}
	}
	for _, path := range append(bundleFiles(prefix), prefix+".json") {
		must(t, os.Remove(path))
	}
	if m, damaged, err := d.Newest(context.Background()); m.Name != older.Name || len(damaged) != 1 || err != nil {
		t.Errorf("all of it gone: got %q, %v, %v, want the one before and a word of it", m.Name, damaged, err)
	}
}

// A bit that flips anywhere in any of its files is noticed, or means nothing.
func TestNewestNoticesEveryBit(t *testing.T) {
	d, older, newest := twoSaved(t)
	whole, err := ReadMeta(d.Prefix(newest))
	must(t, err)
	for _, ending := range []string{data, index, ".json"} {
		path := d.Prefix(newest) + ending
		text, err := os.ReadFile(path)
		must(t, err)
		unnoticed := 0
		for i := range text {
			flipped := slices.Clone(text)
			flipped[i] ^= 1 << (i % 8)
			must(t, os.WriteFile(path, flipped, 0o644))
			m, damaged, err := d.Newest(context.Background())
			if m.Name == newest.Name && err == nil {
				if unnoticed++; ending != ".json" || !reflect.DeepEqual(m, whole) {
					t.Fatalf("%s: bit %d of byte %d: went by unnoticed", ending, i%8, i)
				}
			} else if m.Name != older.Name || len(damaged) != 1 || err != nil {
				t.Fatalf("%s: bit %d of byte %d: got %q, %v, %v, want the one before", ending, i%8, i, m.Name, damaged, err)
			}
		}
		t.Logf("%s: %d flips, %d meant nothing", ending, len(text), unnoticed)
		must(t, os.WriteFile(path, text, 0o644))
	}
}

func TestNewestOfNone(t *testing.T) {
	d, older, newest := twoSaved(t)
	must(t, errors.Join(os.Truncate(d.Prefix(older)+data, 3), os.Truncate(d.Prefix(newest)+index, 3)))
	if _, damaged, err := d.Newest(context.Background()); len(damaged) != 2 || !errors.Is(err, ErrNone) {
		t.Errorf("got %v, %v, want two damaged and %v", damaged, err, ErrNone)
	}
	if _, damaged, err := Dir(filepath.Join(string(d), "none")).Newest(context.Background()); damaged != nil || !errors.Is(err, ErrNone) {
		t.Errorf("no folder: got %v, %v, want %v", damaged, err, ErrNone)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	d, _, _ = twoSaved(t)
	if _, damaged, err := d.Newest(gone); damaged != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got %v, %v, want no damage", damaged, err)
	}
}

func TestPositionOrdersNames(t *testing.T) {
	sorted := []string{"model_epoch0.ckpt", "model_epoch0_step9.ckpt", "model_epoch9.ckpt", "model_epoch9_step100.ckpt", "model_epoch10.ckpt"}
	for i := range sorted[1:] {
		if slices.Compare(position(sorted[i]), position(sorted[i+1])) >= 0 {
			t.Errorf("got %s at %v and %s at %v, want the second later", sorted[i], position(sorted[i]), sorted[i+1], position(sorted[i+1]))
		}
	}
	for _, name := range []string{"", "checkpoint", "model.ckpt", "model_epoch3", "model_epoch.ckpt", "model_epoch1_stepx.ckpt", ".model_epoch1.ckpt"} {
		if got := position(name); got != nil {
			t.Errorf("%q: got place %v, want none", name, got)
		}
	}
}

// A process may die between any two steps of a save or a removal. What it leaves
// is no checkpoint, no cause to warn, and swept away.
func TestSweepAfterADeath(t *testing.T) {
	part := ".model_epoch2.ckpt.part"
	steps := [][]string{ // the new checkpoint's files after each
		{part + data + ".tempstate7"},
		{part + data, part + index},
		{part + data, part + index, part + ".json"},
		{"model_epoch2.ckpt" + data, part + index, part + ".json"},
		{"model_epoch2.ckpt" + data, "model_epoch2.ckpt" + index, part + ".json"}, // and of a removal the first
		{"model_epoch2.ckpt" + index, part + ".json"},
		{part + ".json"},
		{".checkpoint.1234"},
	}
	for i, names := range steps {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			d := Dir(t.TempDir())
			filled(t, 1).save(t, d, measured(1, .5, 1), 5)
			before := files(t, d)
			for _, name := range names {
				must(t, os.WriteFile(d.prefix(name), []byte("x"), 0o644))
			}
			if m, damaged, err := d.Newest(context.Background()); m.Epoch != 1 || damaged != nil || err != nil {
				t.Errorf("got %q, %v, %v, want the one before and no damage", m.Name, damaged, err)
			}
			must(t, d.Sweep())
			if got := files(t, d); !slices.Equal(got, before) {
				t.Errorf("got files %v, want %v", got, before)
			}
		})
	}
}

// A run resumes from the checkpoint before a damaged one: Rewind removes the damaged one and those that exceed keep.
func TestRewind(t *testing.T) {
	for name, damage := range map[string]func(prefix string) error{
		"data":        flip(data, 0.5),
		"index":       cut(index, 0),
		"description": func(prefix string) error { return os.Remove(prefix + ".json") },
		"all": func(prefix string) error {
			return errors.Join(os.Remove(prefix+data), os.Remove(prefix+index), os.Remove(prefix+".json"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, older, _ := twoSaved(t)
			inside, newest := at(1, 4, 2), measured(3, .7, 1)
			filled(t, 3).save(t, d, inside, 5)
			filled(t, 4).save(t, d, newest, 5)
			must(t, damage(d.Prefix(newest)))
			must(t, d.Rewind(older, 5))
			if m, damaged, err := d.Newest(context.Background()); m.Name != older.Name || damaged != nil || err != nil {
				t.Errorf("got %q, %v, %v, want only the one rolled back to", m.Name, damaged, err)
			}
			filled(t, 3).save(t, d, inside, 5)
			if m, damaged, err := d.Newest(context.Background()); m.Name != inside.Name || damaged != nil || err != nil {
				t.Errorf("got %q, %v, %v, want the one saved since", m.Name, damaged, err)
			}
		})
	}
}

// Gone back to the start, a run has no checkpoint, and none is missing.
func TestRewindToTheStart(t *testing.T) {
	d, _, _ := twoSaved(t)
	must(t, d.Rewind(Meta{}, 5))
	if m, damaged, err := d.Newest(context.Background()); damaged != nil || !errors.Is(err, ErrNone) {
		t.Errorf("got %q, %v, %v, want none", m.Name, damaged, err)
	}
}

// Saved over another of its name, a checkpoint is never mixed from both, and one
// that cannot be saved leaves the other.
func TestSaveOverAnother(t *testing.T) {
	d, _, newest := twoSaved(t)
	before := files(t, d)
	obstacle := d.tempPrefix(newest.Name) + ".json/folder" // where the description is written
	must(t, os.MkdirAll(obstacle, 0o777))
	s := filled(t, 3)
	if err := d.Save(context.Background(), s.session, s.saver, newest, 5); err == nil || !strings.Contains(err.Error(), newest.Name) {
		t.Fatalf("got %v, want an error about the description", err)
	}
	must(t, os.RemoveAll(filepath.Dir(obstacle)))
	if got := restored(t, d.Prefix(newest)); !reflect.DeepEqual(got, filled(t, 2).contents(t)) || !slices.Equal(files(t, d), before) {
		t.Errorf("got files %v, want the earlier one of that name as it was", files(t, d))
	}
	s.save(t, d, newest, 5)
	if got := restored(t, d.Prefix(newest)); !reflect.DeepEqual(got, s.contents(t)) || !slices.Equal(files(t, d), before) {
		t.Errorf("got files %v, want the new one alone", files(t, d))
	}
}

// A checkpoint that cannot be read may be whole: it is no reason to go back to the
// one before, which would remove it.
func TestUnreadableCheckpointStays(t *testing.T) {
	d, _, newest := twoSaved(t)
	path := d.Prefix(newest) + ".json"
	must(t, os.Rename(path, path+".kept"))
	must(t, os.Mkdir(path, 0o777)) // read gives EISDIR
	if m, _, err := d.Newest(context.Background()); err == nil || !strings.Contains(err.Error(), newest.Name) {
		t.Errorf("got %q, %v, want an error about %s", m.Name, err, newest.Name)
	}
}

// The text file may be another program's, and name folders of another machine.
func TestLatestOfAnotherProgram(t *testing.T) {
	d := Dir(t.TempDir())
	text := "model_checkpoint_path: \"/elsewhere/model.ckpt-20\"\nall_model_checkpoint_paths: \"model.ckpt-10\"\n"
	must(t, os.WriteFile(d.stateFile(), []byte(text), 0o600))
	if got := d.Latest(); got != "model.ckpt-20" {
		t.Errorf("got %q, want model.ckpt-20", got)
	}
}
