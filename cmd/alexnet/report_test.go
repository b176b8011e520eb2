package main

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"alexnet/internal/hint"
)

func TestOpenPageWithoutBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := openPage(t.Context(), "runs/1/report.html")
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "runs/1/report.html") || hint.Of(err) == "" {
		t.Errorf("got %v, want an error that names the report, with a hint", err)
	}
}
