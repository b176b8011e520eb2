package checkpoint

import (
	"errors"
	"strings"
	"testing"
)

const data, index = ".data-00000-of-00001", ".index"

// refusal is a bundle that cannot be restored: its damage, the variables to restore, and the expected error.
type refusal struct {
	into    layout
	damage  func(prefix string) error
	damaged bool
	says    []string // beside the prefix
}

func refusals() map[string]refusal {
	return map[string]refusal{
		"another shape": {into: layout{{"fc8/weights", []int64{2, 5}}}, says: []string{"fc8/weights", "[5 2]", "[2 5]"}},
		"fewer rows":    {into: layout{{"fc8/weights", []int64{4, 2}}}, says: []string{"fc8/weights", "[5 2]", "[4 2]"}},
		"another rank":  {into: layout{{"fc8/weights", []int64{10}}}, says: []string{"fc8/weights", "[5 2]", "[10]"}},
		"a missing variable": {
			into: append(layout{{"fc8/biases", []int64{2}}}, standard...), says: []string{"fc8/biases", "no such variable"}},
		"no data file":                {damage: remove(data), says: []string{"no such file"}},
		"no index file":               {damage: remove(index), says: []string{"no such file"}},
		"a flipped byte of data":      {damage: flip(data, 0.5), damaged: true},
		"the last byte flipped":       {damage: flip(data, 1), damaged: true},
		"half the data":               {damage: cut(data, 0.5), damaged: true},
		"one byte of data missing":    {damage: cut(data, 0.999), damaged: true},
		"no byte of data":             {damage: cut(data, 0), damaged: true},
		"a flipped byte of the index": {damage: flip(index, 0.3), damaged: true},
		"the magic number flipped":    {damage: flip(index, 1), damaged: true},
		"half the index":              {damage: cut(index, 0.5), damaged: true},
		"no byte of the index":        {damage: cut(index, 0), damaged: true},
	}
}

func (c refusal) check(t *testing.T, prefix string, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error")
	}
	if errors.Is(err, ErrDamaged) != c.damaged {
		t.Errorf("got damaged %v, want %v: %v", !c.damaged, c.damaged, err)
	}
	for _, word := range append(c.says, prefix) {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want it to say %q", err, word)
		}
	}
}
