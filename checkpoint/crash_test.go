package checkpoint

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"alexnet/internal/testenv"
)

// A process may die anywhere inside Save. Whatever it leaves of the newest
// checkpoint, the one before stands, and the newest counts only when all of it
// is there.
func TestCrashLeavesEarlierCheckpoints(t *testing.T) {
	type state struct {
		name   string
		damage func(path string) error
	}
	whole := state{"whole", func(string) error { return nil }}
	gone := state{"gone", os.Remove}
	empty := state{"empty", func(path string) error { return os.Truncate(path, 0) }}
	half := state{"half", func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()/2)
	}}
	first, second := filled(t, 1), filled(t, 2)
	for _, data := range []state{whole, gone} {
		for _, index := range []state{whole, gone} {
			for _, text := range []state{whole, gone, empty, half} {
				t.Run("data "+data.name+", index "+index.name+", description "+text.name, func(t *testing.T) {
					d := Dir(t.TempDir())
					older, newest := measured(1, .5, 1), measured(2, .6, 1)
					first.save(t, d, older, 5)
					second.save(t, d, newest, 5)
					prefix := d.Prefix(newest)
					must(t, data.damage(prefix+".data-00000-of-00001"))
					must(t, index.damage(prefix+".index"))
					must(t, text.damage(prefix+".json"))
					want := []string{older.Name}
					if data.name == "whole" && index.name == "whole" && text.name == "whole" {
						want = append(want, newest.Name)
					}
					all, err := d.List()
					must(t, err)
					if got := names(all); !slices.Equal(got, want) {
						t.Fatalf("got %v, want %v", got, want)
					}
					if got := restored(t, d.Prefix(older)); !reflect.DeepEqual(got, first.contents(t)) {
						t.Error("the earlier checkpoint has other bits than were saved")
					}
					second.save(t, d, newest, 5) // what a resumed run does
					if got := restored(t, prefix); !reflect.DeepEqual(got, second.contents(t)) {
						t.Error("saved again, the newest has other bits than were saved")
					}
				})
			}
		}
	}
}

// A disk that is full at whatever point is an error that says so; earlier
// checkpoints stay, and nothing is left behind that would fill it further.
func TestFullDisk(t *testing.T) {
	d := Dir(testenv.SmallDisk(t, 32<<12))
	ballast := filepath.Join(string(d), "ballast")
	s := filled(t, 1)
	s.save(t, d, at(1, 0, 1), 0)
	failed := 0
	for room := range 12 {
		fillDisk(t, ballast, room)
		before, err := d.List()
		must(t, err)
		m := at(2+room, 0, int64(2+room))
		err = d.Save(context.Background(), s.session, s.saver, m, 0)
		if err != nil {
			failed++
			if !strings.Contains(strings.ToLower(err.Error()), "no space left on device") {
				t.Errorf("%d pages left: got %q, want it to say that no space is left", room, err)
			}
		}
		all, listErr := d.List()
		must(t, listErr)
		if !slices.Equal(names(all)[:len(before)], names(before)) {
			t.Errorf("%d pages left: got %v, want all of %v", room, names(all), names(before))
		}
		var want []string
		for _, m := range all {
			want = append(want, m.Name+".data-00000-of-00001", m.Name+".index", m.Name+".json")
			if got := restored(t, d.Prefix(m)); !reflect.DeepEqual(got, s.contents(t)) {
				t.Errorf("%d pages left: %s has other bits than were saved", room, m.Name)
			}
		}
		want = append(want, "checkpoint", "ballast")
		slices.Sort(want)
		if got := files(t, d); !slices.Equal(got, want) {
			t.Errorf("%d pages left: got files %v, want %v", room, got, want)
		}
		if err == nil {
			if failed < 3 {
				t.Errorf("got %d failures before the first success, want the data, the index and the description to fail", failed)
			}
			return
		}
	}
	t.Error("got no success with 11 pages left")
}

// fillDisk leaves room pages beside the file ballast.
func fillDisk(t *testing.T, ballast string, room int) {
	t.Helper()
	if err := os.Remove(ballast); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var fs unix.Statfs_t
	must(t, unix.Statfs(filepath.Dir(ballast), &fs))
	must(t, os.WriteFile(ballast, make([]byte, (int64(fs.Bfree)-int64(room))*fs.Bsize), 0o644))
}

func TestSaveWhereAFolderCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	s := filled(t, 1)
	err := Dir(filepath.Join(file, "checkpoints")).Save(context.Background(), s.session, s.saver, at(1, 0, 1), 0)
	if !errors.Is(err, unix.ENOTDIR) || !strings.Contains(err.Error(), "model_epoch1.ckpt") {
		t.Errorf("got %v, want %v and the checkpoint's name", err, unix.ENOTDIR)
	}
}
