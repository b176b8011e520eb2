package checkpoint

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestName(t *testing.T) {
	cases := []struct {
		epoch, index int
		step         int64
		want         string
	}{
		{0, 0, 0, "model_epoch0.ckpt"},
		{1, 0, 8, "model_epoch1.ckpt"},
		{12, 0, 96, "model_epoch12.ckpt"},
		{0, 4, 1, "model_epoch0_step1.ckpt"},
		{3, 128, 25, "model_epoch3_step25.ckpt"},
	}
	for _, c := range cases {
		if got := Name(c.epoch, c.index, c.step); got != c.want {
			t.Errorf("Name(%d, %d, %d): got %q, want %q", c.epoch, c.index, c.step, got, c.want)
		}
	}
}

func TestBest(t *testing.T) {
	inside := at(3, 5, 40)
	cases := map[string]struct {
		all  []Meta
		want string // "" for none
	}{
		"none":                         {nil, ""},
		"no metrics: the newest":       {[]Meta{at(1, 0, 1), at(2, 0, 2)}, "model_epoch2.ckpt"},
		"the highest accuracy":         {[]Meta{measured(1, .5, 9), measured(2, .9, 9), measured(3, .7, 1)}, "model_epoch2.ckpt"},
		"equal accuracy: lower loss":   {[]Meta{measured(1, .9, 2), measured(2, .9, 1), measured(3, .9, 3)}, "model_epoch2.ckpt"},
		"equal in both: the newest":    {[]Meta{measured(1, .9, 1), measured(2, .9, 1), measured(3, .5, 1)}, "model_epoch2.ckpt"},
		"all equal: the newest":        {[]Meta{measured(1, .9, 1), measured(2, .9, 1)}, "model_epoch2.ckpt"},
		"metrics before none":          {[]Meta{measured(1, 0, 9), inside}, "model_epoch1.ckpt"},
		"one without metrics, between": {[]Meta{measured(1, .2, 1), at(2, 0, 2), measured(3, .1, 1)}, "model_epoch1.ckpt"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			best, ok := Best(c.all)
			if best.Name != c.want || ok != (c.want != "") {
				t.Errorf("got %q, %v, want %q", best.Name, ok, c.want)
			}
		})
	}
}

func TestRetain(t *testing.T) {
	rising := func(n int) (all []Meta) {
		for i := range n {
			all = append(all, measured(i+1, float64(i)/10, 1))
		}
		return all
	}
	falling := func(n int) (all []Meta) {
		for i := range n {
			all = append(all, measured(i+1, 1-float64(i)/10, 1))
		}
		return all
	}
	inside := func(epoch int) Meta { return at(epoch, 4, int64(epoch)) }
	cases := map[string]struct {
		all  []Meta
		keep int
		want string // numbers of what is kept
	}{
		"0 keeps all":                        {rising(7), 0, "1 2 3 4 5 6 7"},
		"1 keeps the newest":                 {rising(7), 1, "7"},
		"5 keeps the newest five":            {rising(7), 5, "3 4 5 6 7"},
		"more than there are":                {rising(3), 5, "1 2 3"},
		"the best beside the newest":         {falling(7), 1, "1 7"},
		"the best beside the newest five":    {falling(7), 5, "1 3 4 5 6 7"},
		"the best among the newest":          {falling(5), 5, "1 2 3 4 5"},
		"inside an epoch, newest":            {append(rising(3), inside(3)), 1, "3 3+"},
		"inside an epoch, not counted":       {append(falling(3), inside(3)), 1, "1 3 3+"},
		"inside an epoch, overtaken":         {[]Meta{measured(1, .1, 1), inside(1), measured(2, .2, 1)}, 5, "1 2"},
		"inside an epoch, overtaken, all":    {[]Meta{measured(1, .1, 1), inside(1), measured(2, .2, 1)}, 0, "1 2"},
		"inside the first epoch, twice":      {[]Meta{inside(0), at(0, 8, 2)}, 5, "0+"},
		"no metrics, the newest is the best": {[]Meta{at(1, 0, 1), at(2, 0, 2), at(3, 0, 3)}, 1, "3"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			kept, dropped := splitByRetention(c.all, c.keep)
			var got []string
			for _, m := range kept {
				label := fmt.Sprint(m.Epoch)
				if m.Index > 0 {
					label += "+"
				}
				got = append(got, label)
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %s kept, want %s", s, c.want)
			}
			if len(kept)+len(dropped) != len(c.all) {
				t.Errorf("got %d kept and %d dropped, want %d together", len(kept), len(dropped), len(c.all))
			}
		})
	}
}

// Whatever is there: nothing is lost from sight, the newest and the best stay,
// and no more than keep and two besides: the best, and one inside an epoch.
func TestRetainProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Meta
		for i := range rapid.IntRange(1, 12).Draw(t, "count") {
			m := measured(i+1, float64(rapid.IntRange(0, 3).Draw(t, "accuracy"))/3, 1)
			if rapid.Bool().Draw(t, "inside an epoch") {
				m = at(i, 1, int64(i+1))
			}
			all = append(all, m)
		}
		keep := rapid.IntRange(0, 6).Draw(t, "keep")
		kept, dropped := splitByRetention(all, keep)
		both := names(append(slices.Clone(kept), dropped...))
		slices.Sort(both)
		want := names(all)
		slices.Sort(want)
		if !slices.Equal(both, want) {
			t.Fatalf("got %v kept and dropped, want %v", both, want)
		}
		if !slices.IsSortedFunc(kept, func(a, b Meta) int { return int(a.Step - b.Step) }) {
			t.Fatalf("got %v, want oldest first", names(kept))
		}
		best, _ := Best(all)
		for _, m := range []Meta{all[len(all)-1], best} {
			if !slices.Contains(names(kept), m.Name) {
				t.Fatalf("got %v kept, want %s among them", names(kept), m.Name)
			}
		}
		if keep > 0 && len(kept) > keep+2 {
			t.Fatalf("got %d kept, want at most %d", len(kept), keep+2)
		}
	})
}

func TestSaveKeepsOrderStateAndFolder(t *testing.T) {
	d := Dir(filepath.Join(t.TempDir(), "run", "checkpoints"))
	s := filled(t, 1)
	for _, m := range []Meta{measured(1, .9, 1), measured(2, .5, 1), at(2, 4, 3), measured(4, .6, 1), measured(10, .7, 1)} {
		s.save(t, d, m, 2)
	}
	all, err := d.List()
	must(t, err)
	if got, want := names(all), []string{"model_epoch1.ckpt", "model_epoch4.ckpt", "model_epoch10.ckpt"}; !slices.Equal(got, want) {
		t.Errorf("list: got %v, want %v, oldest first", got, want)
	}
	state, err := os.ReadFile(filepath.Join(string(d), "checkpoint"))
	must(t, err)
	want := "model_checkpoint_path: \"model_epoch10.ckpt\"\n" +
		"all_model_checkpoint_paths: \"model_epoch1.ckpt\"\n" +
		"all_model_checkpoint_paths: \"model_epoch4.ckpt\"\n" +
		"all_model_checkpoint_paths: \"model_epoch10.ckpt\"\n"
	if string(state) != want {
		t.Errorf("state: got %s, want %s", state, want)
	}
	var there []string
	for _, m := range all {
		there = append(there, m.Name+".data-00000-of-00001", m.Name+".index", m.Name+".json")
	}
	there = append(there, "checkpoint")
	slices.Sort(there)
	if got := files(t, d); !slices.Equal(got, there) {
		t.Errorf("folder: got %v, want %v", got, there)
	}
}

// What is read is what was saved, metrics and unfinished epoch included.
func TestReadMeta(t *testing.T) {
	d := Dir(t.TempDir())
	want := measured(3, 2.0/3, 0.1)
	want.Partial = &Partial{Loss: 0.1 + 0.2, Correct: 7, Count: 12}
	want.Config = []byte(`{"seed":18446744073709551615}`)
	filled(t, 1).save(t, d, want, 0)
	got, err := ReadMeta(d.Prefix(want))
	must(t, err)
	for _, text := range []*json.RawMessage{&got.Config, &got.Model} { // indented with the rest
		*text = []byte(strings.NewReplacer(" ", "", "\n", "").Replace(string(*text)))
	}
	if want.Bundle, err = checksumsOf(d.Prefix(want)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v, %v", got, want, err)
	}
}

func TestListOfNoFolder(t *testing.T) {
	all, err := Dir(filepath.Join(t.TempDir(), "none")).List()
	if len(all) != 0 || err != nil {
		t.Errorf("got %v, %v, want nothing", all, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	if _, err := Dir(file).List(); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("list of a file: got %v, want an error that names it", err)
	}
}

func TestSweepRemovesOnlyUnfinishedFiles(t *testing.T) {
	dir := t.TempDir()
	names := []string{".model_epoch3.ckpt.part.data-00000-of-00001.tempstate123", "model_epoch2.ckpt.index", "notes.tempstate", "checkpoint"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Dir(dir).Sweep(); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != (i > 0) {
			t.Errorf("%s: got %v after the sweep", name, err)
		}
	}
}
