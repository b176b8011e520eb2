// Package docker_test checks that the files of this folder pin the versions that the rest of the repository pins.
// scripts/docker-test builds and runs the images.
package docker_test

import (
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var dockerfiles = []string{"Dockerfile", "Dockerfile.gpu", "Dockerfile.tensorboard"}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// find returns the text of the first group in each match of a pattern.
func find(t *testing.T, path, pattern string) []string {
	t.Helper()
	var found []string
	for _, match := range regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(read(t, path), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("%s: no match of %s", path, pattern)
	}
	return found
}

func TestBasesArePinnedAlike(t *testing.T) {
	pinned := regexp.MustCompile(`^docker\.io/library/[a-z]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$`)
	base := find(t, "Dockerfile", `^ARG BASE=(.*)$`)
	for _, name := range dockerfiles {
		if got := find(t, name, `^ARG BASE=(.*)$`); !slices.Equal(got, base) || !pinned.MatchString(got[0]) {
			t.Errorf("%s: got base %q, want %q by tag and digest", name, got, base)
		}
		for _, from := range find(t, name, `^FROM (\S+)`) {
			if !strings.HasPrefix(from, "${") && from != "python" { // a stage of the same file
				t.Errorf("%s: got FROM %s, want an argument", name, from)
			}
		}
	}
	image := find(t, "Dockerfile", `^ARG GO_IMAGE=(.*)$`)[0]
	if !pinned.MatchString(image) {
		t.Errorf("got GO_IMAGE %s, want it by tag and digest", image)
	}
	has, needs := "go"+find(t, "Dockerfile", `golang:([0-9.]+)-`)[0], "go"+find(t, "../go.mod", `^go ([0-9.]+)$`)[0]
	if version.Compare(has, needs) < 0 {
		t.Errorf("GO_IMAGE has %s, and go.mod needs %s", has, needs)
	}
}

// All files pin the same TensorFlow and the same TensorBoard, and pip installs nothing without its hash.
func TestPackagesArePinnedAlike(t *testing.T) {
	release := find(t, "../scripts/install-libtensorflow", `^version=(.*)$`)[0]
	for _, path := range []string{"../scripts/libtensorflow.txt", "../scripts/libtensorflow-gpu.txt"} {
		if got := find(t, path, `^tensorflow(?:-cpu)?==([0-9.]+) --hash=sha256:[0-9a-f]{64}\n\z`)[0]; got != release {
			t.Errorf("%s: got TensorFlow %s, want %s", path, got, release)
		}
	}
	if got := find(t, "gpu-requirements.txt", `tensorflow==([0-9.]+) `)[0]; got != release {
		t.Errorf("gpu-requirements.txt: got NVIDIA's libraries for TensorFlow %s, want %s", got, release)
	}
	tested := find(t, "../scripts/reference/requirements-2.18.txt", `^([^#\s;]+)`)
	for _, path := range []string{"gpu-requirements.txt", "tensorboard-requirements.txt"} {
		for _, line := range find(t, path, `^([^#\n]+)$`) {
			pin, _, hashed := strings.Cut(line, " --hash=sha256:")
			if !hashed {
				t.Errorf("%s: %s has no hash", path, pin)
			}
			if path == "tensorboard-requirements.txt" && !slices.Contains(tested, pin) {
				t.Errorf("%s: got %s, which the tests do not use", path, pin)
			}
		}
	}
}

// Every file that a Dockerfile copies from the repository exists.
func TestCopiedFilesExist(t *testing.T) {
	for _, name := range dockerfiles {
		for _, line := range regexp.MustCompile(`(?m)^COPY ([^-].*) \S+$`).FindAllStringSubmatch(read(t, name), -1) {
			for _, path := range strings.Fields(line[1]) {
				if _, err := os.Stat(filepath.Join("..", path)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// A tool that is missing is installed, although docker-test has a function of its name.
func TestMissingToolsAreInstalled(t *testing.T) {
	cmd := exec.Command("bash", "-c", `. scripts/steps.sh && . scripts/docker-test.d/images.sh && apt-get() { echo "$*"; } && PATH=$1 && install_tools`, "docker-test", t.TempDir())
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	if want := "installing buildah iproute2 debootstrap procps"; err != nil || !strings.Contains(string(out), want) {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}

// Without Go, eval "$(scripts/install-libtensorflow --env)" fails and names it.
func TestMissingGoIsNamed(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"cat", "cc", "dirname", "ls"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\nPATH=/usr/bin:/bin; exec "+name+" \"$@\"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", "-ec", `eval "$(scripts/install-libtensorflow --env)"; echo reached`)
	cmd.Dir, cmd.Env = "..", []string{"PATH=" + bin}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "find go: not found") || strings.Contains(string(out), "reached") {
		t.Errorf("got %q, %v, want an error that names go", out, err)
	}
}
