// Package docker_test holds the files of this folder against what the rest of the repository pins, and against the
// promises of README.md. scripts/docker-test builds and runs the images.
package docker_test

import (
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
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

// find returns what the first group of a pattern matches, in each match.
func find(t *testing.T, path, pattern string) []string {
	t.Helper()
	var found []string
	for _, match := range regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(read(t, path), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("%s: got nothing that matches %s", path, pattern)
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

// The same TensorFlow and the same TensorBoard everywhere, and nothing that pip takes without its hash.
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
				t.Errorf("%s: got %s, which is not what the tests use", path, pin)
			}
		}
	}
}

func TestImagesRunAsNobodyInParticular(t *testing.T) {
	for _, name := range dockerfiles {
		final := read(t, name)
		final = final[strings.LastIndex(final, "\nFROM "):]
		for _, line := range []string{"USER 10001:10001", "STOPSIGNAL SIGTERM", "ENTRYPOINT [", "useradd --uid 10001 "} {
			if !strings.Contains(final, line) {
				t.Errorf("%s: its last stage lacks %q", name, line)
			}
		}
	}
}

// What a Dockerfile copies from the repository is there.
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

func TestCompose(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Image     string
			Build     struct{ Context, Dockerfile string }
			User      string
			ReadOnly  bool     `yaml:"read_only"`
			CapDrop   []string `yaml:"cap_drop"`
			Security  []string `yaml:"security_opt"`
			Tmpfs     []string
			Ports     []string
			Volumes   []string
			DependsOn map[string]struct{ Condition string } `yaml:"depends_on"`
			Health    struct{ Test []string }               `yaml:"healthcheck"`
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"train", "tensorboard", "serve"} {
		if file.Services[name].Image == "" {
			t.Errorf("got no service %s", name)
		}
	}
	for name, s := range file.Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.Tmpfs, []string{"/tmp"}) || s.User != "" ||
			!slices.Equal(s.Security, []string{"no-new-privileges:true"}) {
			t.Errorf("%s: got %+v, want a read-only root, no capabilities, and the image's own user", name, s)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: got port %s, want it on 127.0.0.1", name, port)
			}
		}
		if len(s.Ports) > 0 && len(s.Health.Test) == 0 {
			t.Errorf("%s: got a port and no healthcheck", name)
		}
		for _, v := range s.Volumes {
			if writable := !strings.HasSuffix(v, ":ro"); writable != (name == "train" && v == "runs:/runs") {
				t.Errorf("%s: got volume %s, want only train to write, and only runs", name, v)
			}
		}
		for other := range s.DependsOn {
			if _, ok := file.Services[other]; !ok {
				t.Errorf("%s: depends on %s, which is no service", name, other)
			}
		}
		if f := s.Build.Dockerfile; f != "" {
			if _, err := os.Stat(filepath.Join(s.Build.Context, f)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
