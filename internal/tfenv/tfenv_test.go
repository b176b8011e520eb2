package tfenv

import (
	"os"
	"testing"
)

// C libraries see the defaults for variables that are not set, and the user's values.
func TestGet(t *testing.T) {
	for name, want := range map[string]string{"TF_ENABLE_ONEDNN_OPTS": "1", "NVIDIA_TF32_OVERRIDE": "0", "TF_CPP_MIN_LOG_LEVEL": "3"} {
		t.Setenv(name, "user's value")
		if got, ok := Get(name); got != "user's value" || !ok {
			t.Errorf("%s set: got %q, %v, want the user's value", name, got, ok)
		}
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
		if got, ok := Get(name); got != want || !ok {
			t.Errorf("%s not set: got %q, %v, want %q", name, got, ok, want)
		}
	}
	t.Setenv("ALEXNET_TFENV_TEST", "")
	if got, ok := Get("ALEXNET_TFENV_TEST"); got != "" || !ok {
		t.Errorf("an empty variable: got %q, %v, want it set", got, ok)
	}
	for _, name := range []string{"ALEXNET_TFENV_TES", "ALEXNET_TFENV_TEST_", "TF_ENABLE_ONEDNN"} {
		if got, ok := Get(name); ok {
			t.Errorf("%s: got %q, want it not set", name, got)
		}
	}
}
