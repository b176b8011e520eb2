package pretrained

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"alexnet/internal/hint"
)

// pythons may have pip. They are run, because version managers leave names on the PATH that do not start.
var pythons = []string{"python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9", "python"}

const (
	pipHint  = "install Python 3 with pip: python3-pip on Debian and Ubuntu"
	hashHint = "check which index or mirror pip uses (pip config list); remove a damaged cache with pip cache purge"
)

// requirement pins the package.
func (p *Package) requirement() string { return p.Name + "==" + p.Version }

// pipArguments are the command that downloads the package alone.
func (p *Package) pipArguments() []string {
	if p.Wheel {
		return []string{"download", "--no-deps", "--only-binary", ":all:"}
	}
	return []string{"download", "--no-deps", "--no-binary", p.Name}
}

// runPip downloads the package below dir and returns its path. pip refuses a package of another hash before it unpacks
// it. Temporary files are below dir too.
func (p *Package) runPip(ctx context.Context, dir string, terminal *os.File) (path string, err error) {
	python, err := findPip(ctx)
	if err != nil {
		return "", err
	}
	requirements, to, log := filepath.Join(dir, "requirements.txt"), filepath.Join(dir, "package"), filepath.Join(dir, "pip.log")
	if err := os.WriteFile(requirements, []byte(p.requirement()+" --hash=sha256:"+p.SHA256+"\n"), 0o666); err != nil {
		return "", err
	}
	args := append([]string{"-m", "pip", "--no-input", "--disable-pip-version-check", "--log", log}, p.pipArguments()...)
	cmd := command(ctx, python, append(args, "--require-hashes", "--dest", to, "-r", requirements)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "PIP_REQUIRE_VIRTUALENV=0")
	var out bytes.Buffer
	if cmd.Stdout, cmd.Stderr = &out, &out; terminal != nil {
		cmd.Stdout, cmd.Stderr = terminal, terminal
	}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		shown := out.Bytes()
		if terminal != nil {
			shown, _ = os.ReadFile(log)
		}
		return "", p.explain(string(shown), err)
	}
	found, err := os.ReadDir(to)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("run pip: got %d files, want the package", len(found))
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(to, found[0].Name()), nil
}

// command is a command that ctx ends together with the processes that it started.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

func findPip(ctx context.Context) (python string, err error) {
	for _, name := range pythons {
		if command(ctx, name, "-m", "pip", "--version").Run() == nil {
			return name, nil
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
	}
	return "", hint.With(errors.New("run pip: no Python on the PATH has it"), pipHint)
}

// explain turns pip's output into an error.
func (p *Package) explain(output string, err error) error {
	switch {
	case strings.Contains(output, "DO NOT MATCH THE HASHES"):
		return hint.With(fmt.Errorf("run pip: the sha256 of %s differs from the pinned one, so nothing of it was used", p.requirement()), hashHint)
	case strings.Contains(output, "No space left"):
		return fmt.Errorf("run pip: %w", syscall.ENOSPC)
	}
	return hint.With(fmt.Errorf("run pip: %w: %s", err, lastErrors(output)), "check the network, and which index and proxy pip uses (pip config list)")
}

// lastErrors are the last lines of pip's output that are errors, or its last line.
func lastErrors(output string) string {
	const shown = 3
	var found []string
	last := ""
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		last = line
		if _, text, ok := strings.Cut(line, "ERROR: "); ok && (len(found) == 0 || found[len(found)-1] != text) {
			found = append(found, text)
		}
	}
	if found == nil {
		return last
	}
	return strings.Join(found[max(0, len(found)-shown):], "; ")
}
