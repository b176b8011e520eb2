package checkpoint

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// describe writes text as the description of a checkpoint whose bundle is there.
func describe(t testing.TB, text []byte) (prefix string) {
	t.Helper()
	prefix = filepath.Join(t.TempDir(), "model_epoch1.ckpt")
	for _, path := range bundleFiles(prefix) {
		must(t, os.WriteFile(path, nil, 0o644))
	}
	must(t, os.WriteFile(prefix+".json", text, 0o644))
	return prefix
}

func TestReadMetaRefuses(t *testing.T) {
	change := func(edit func(*Meta)) []byte {
		m := at(1, 0, 1)
		edit(&m)
		text, err := json.Marshal(m)
		must(t, err)
		return text
	}
	cases := map[string]struct {
		text []byte
		says string
	}{
		"nothing":      {nil, "end of JSON"},
		"half":         {change(func(*Meta) {})[:40], "end of JSON"},
		"no object":    {[]byte("[]"), "array"},
		"another name": {change(func(m *Meta) { m.Name = "b.ckpt" }), `"b.ckpt"`},
		"no model":     {change(func(m *Meta) { m.Model = nil }), "no model description"},
		"settings too deep": {change(func(m *Meta) {
			m.Config = json.RawMessage(strings.Repeat(`{"a":`, 40) + `[["}{"]]` + strings.Repeat("}", 40))
		}), "config: got JSON nested 42 deep"},
		"a negative epoch": {change(func(m *Meta) { m.Epoch = -1 }), "-1"},
		"a negative index": {change(func(m *Meta) { m.Index = -1 }), "-1"},
		"a negative step":  {change(func(m *Meta) { m.Step = -1 }), "-1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			prefix := describe(t, c.text)
			_, err := ReadMeta(prefix)
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("got %v, want %v", err, ErrDamaged)
			}
			for _, word := range []string{c.says, prefix} {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("got %q, want it to say %q", err, word)
				}
			}
			if all, err := Dir(filepath.Dir(prefix)).List(); len(all) != 0 || err != nil {
				t.Errorf("list: got %v, %v, want nothing", names(all), err)
			}
		})
	}
}

// Whatever the description says, it is refused or is of one model at a position
// that a run can be at.
func FuzzReadMeta(f *testing.F) {
	for _, m := range []Meta{at(1, 0, 1), measured(1, .5, .5)} {
		m.Name = "model_epoch1.ckpt"
		text, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(text[:len(text)/2])
	}
	f.Add([]byte(`{"name":"model_epoch1.ckpt","step":-9223372036854775808,"model":{}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ReadMeta(describe(t, text))
		if err != nil {
			return
		}
		if m.Epoch < 0 || m.Index < 0 || m.Step < 0 || m.Name != "model_epoch1.ckpt" {
			t.Errorf("got %q at epoch %d, index %d, step %d", m.Name, m.Epoch, m.Index, m.Step)
		}
	})
}
