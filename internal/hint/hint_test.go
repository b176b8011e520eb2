package hint

import (
	"errors"
	"fmt"
	"testing"
)

func TestOf(t *testing.T) {
	cause := errors.New("cause")
	inner := With(cause, "inner")
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"none":    {cause, ""},
		"nil":     {With(nil, "unused"), ""},
		"wrapped": {fmt.Errorf("wrap: %w", inner), "inner"},
		"joined":  {errors.Join(errors.New("other"), inner), "inner"},
		"outer":   {With(inner, "outer"), "outer"},
		"empty":   {With(inner, ""), "inner"},
	} {
		if got := Of(c.err); got != c.want || c.err != nil && !errors.Is(c.err, cause) {
			t.Errorf("%s: got hint %q of %v, want %q", name, got, c.err, c.want)
		}
	}
}
