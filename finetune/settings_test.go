package finetune

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// results are the fields of Config that Run sets; they are not settings.
var results = []string{"Fingerprint", "TrainCount", "Excluded", "WeightsSource", "UserCacheDir", "Network.Classes", "Network.BFloat16"}

// Every field of Config, however deep, has exactly one line in the table, or is a result of the run.
func TestEveryFieldIsASetting(t *testing.T) {
	var c Config
	type variable struct {
		address, size uintptr // a struct has the address of its first field
	}
	names := map[variable][]string{}
	for _, s := range Settings {
		field := reflect.ValueOf(s.field(&c))
		v := variable{field.Pointer(), field.Type().Elem().Size()}
		names[v] = append(names[v], s.Name)
	}
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		for _, f := range reflect.VisibleFields(v.Type()) {
			if len(f.Index) > 1 {
				continue // of an embedded struct
			}
			name, field := strings.TrimPrefix(path+"."+f.Name, "."), v.FieldByIndex(f.Index)
			settings := names[variable{field.Addr().Pointer(), field.Type().Size()}]
			switch {
			case len(settings) == 1 || slices.Contains(results, name):
			case len(settings) > 1:
				t.Errorf("%s: got settings %v, want one", name, settings)
			case field.Kind() == reflect.Struct && f.Anonymous:
				walk(path, field)
			case field.Kind() == reflect.Struct:
				walk(name, field)
			default:
				t.Errorf("%s: not in the table of settings", name)
			}
		}
	}
	walk("", reflect.ValueOf(&c).Elem())
}

// other is a valid value that differs from the default.
func other(s Setting) string {
	if s.Choices != nil {
		return s.Choices[(slices.Index(s.Choices, s.Get(New("", "")))+1)%len(s.Choices)]
	}
	switch s.Name {
	case "device":
		return "gpu:3"
	case "formats":
		return "webp"
	case "channels":
		return "rgb"
	case "widths":
		return "8,8,8,8,8,16,16"
	case "train-layers":
		return "fc8"
	}
	return map[string]string{"string": "7", "bool": "true", "int": "7", "float": "0.25"}[s.Kind()]
}

// Each setting is written and read as text, and takes effect on resume or is refused.
func TestSettings(t *testing.T) {
	for _, s := range Settings {
		old, given := New("data", "weights.npy"), New("data", "weights.npy")
		want := other(s)
		if err := s.Set(&given, want); err != nil || s.Get(given) != want {
			t.Errorf("%s: got %q, %v, want %q", s.Name, s.Get(given), err, want)
		}
		if err := given.Validate(); err != nil {
			t.Errorf("%s=%s: %v", s.Name, want, err)
		}
		refused := given.diffSettings(old, "the run has")
		if got := strings.HasPrefix(refused, s.Name+": got "); got == (s.changeable || s.Name == "data") {
			t.Errorf("%s: got resume refused with %q, changeable is %t", s.Name, refused, s.changeable)
		}
		err := s.Change(&old, given)
		if got := err == nil && s.Get(old) == want; got != s.changeable {
			t.Errorf("%s: got %q, %v after the change on resume, changeable is %t", s.Name, s.Get(old), err, s.changeable)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, s := range Settings {
		c := New("data", "")
		switch {
		case s.Choices != nil:
			if err := s.Set(&c, "pray"); err == nil {
				err = c.Validate()
				if err == nil || !strings.HasPrefix(err.Error(), s.Name+`: got "pray", want `) {
					t.Errorf("%s: got %v, want the choices", s.Name, err)
				}
			}
		case s.Kind() != "string":
			if err := s.Set(&c, "x"); err == nil || err.Error() != `got "x", want `+s.Kind() {
				t.Errorf("%s: got %v, want an error", s.Name, err)
			}
		}
	}
}
