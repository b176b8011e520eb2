package parity

import (
	"slices"
	"strings"
	"testing"
)

// Comparison compares the results of one test with the tensors of a reference whose names start with a prefix.
type Comparison struct {
	t         testing.TB
	want      Reference
	unchecked map[string]bool
}

// Against starts a comparison; names are given to Check without the prefix.
// When the test ends, each tensor that was never compared fails it.
func Against(t testing.TB, r Reference, prefix string) *Comparison {
	t.Helper()
	c := &Comparison{t: t, want: Reference{}, unchecked: map[string]bool{}}
	for name, tensor := range r {
		if short, ok := strings.CutPrefix(name, prefix); ok {
			c.want[short], c.unchecked[short] = tensor, true
		}
	}
	if len(c.want) == 0 {
		t.Errorf("the reference has no tensor whose name starts with %q", prefix)
	}
	t.Cleanup(c.finish)
	return c
}

// Check compares one tensor, logs the difference and fails the test if it exceeds the tolerance.
func (c *Comparison) Check(name string, got Tensor, tolerance Tolerance) {
	c.t.Helper()
	want, ok := c.want[name]
	if !ok {
		c.t.Errorf("%s: the reference has no such tensor", name)
		return
	}
	delete(c.unchecked, name)
	d, err := Compare(got, want, tolerance)
	if err != nil {
		c.t.Errorf("%s: %v", name, err)
		return
	}
	c.t.Logf("%s %v: %v", name, want.Shape, d)
}

func (c *Comparison) finish() {
	var names []string
	for name := range c.unchecked {
		names = append(names, name)
	}
	if slices.Sort(names); len(names) > 0 {
		c.t.Errorf("never compared with the reference: %s", strings.Join(names, ", "))
	}
}
