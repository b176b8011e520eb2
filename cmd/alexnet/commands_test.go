package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// execute runs the program with arguments, in this process, and gives its output.
func execute(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	root := newRoot(&app{stdin: strings.NewReader(""), stdout: &out, stderr: &bytes.Buffer{}})
	root.SetArgs(args)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return out.String()
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, cmd := range newRoot(&app{}).Commands() {
		if cmd.Short == "" || !strings.Contains(cmd.Example, "  alexnet "+cmd.Name()) {
			t.Errorf("%s: got summary %q and example %q, want both, and a call of alexnet %[1]s", cmd.Name(), cmd.Short, cmd.Example)
		}
		for _, line := range strings.Split(cmd.Example, "\n") {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: got example %q, want it indented", cmd.Name(), line)
			}
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.ContainsAny(f.Usage, "<>") { // manual pages drop what stands in angle brackets
				t.Errorf("%s --%s: got usage %q, want some without angle brackets", cmd.Name(), f.Name, f.Usage)
			}
		})
	}
}

func TestManualPagesNameEveryFlag(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "share", "man1")
	execute(t, "man", dir)
	root := newRoot(&app{})
	for _, cmd := range append(root.Commands(), root) {
		if cmd.Hidden {
			continue
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		page, err := os.ReadFile(filepath.Join(dir, name+".1"))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(page), `\-`, "-")
		check := func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(text, "--"+f.Name) {
				t.Errorf("%s.1: lacks --%s", name, f.Name)
			}
		}
		cmd.Flags().VisitAll(check)
		cmd.PersistentFlags().VisitAll(check)
		if !strings.Contains(text, strings.Fields(cmd.Short)[0]) {
			t.Errorf("%s.1: lacks %q", name, cmd.Short)
		}
	}
}

func TestCompletions(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, run := range []string{"runs/1", "runs/[2]", "own"} {
		if err := os.MkdirAll(run, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(run, "config.json"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("photos", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typed []string
		want  string
	}{
		{[]string{"pred"}, "predict"},
		{[]string{"train", "--precision", ""}, "float32 bfloat16 auto"},
		{[]string{"eval", "--device", ""}, "auto cpu gpu:0"},
		{[]string{"train", "--init-layers", "fc7,fc8,"}, "fc7,fc8,conv1 fc7,fc8,conv2 fc7,fc8,conv3 fc7,fc8,conv4 fc7,fc8,conv5 fc7,fc8,fc6"},
		{[]string{"train", "--train-layers", ""}, "all conv1 conv2 conv3 conv4 conv5 fc6 fc7 fc8"},
		{[]string{"train", "--weights", ""}, "owt"},
		{[]string{"weights", "get", ""}, "imagenet owt"},
		{[]string{"predict", ""}, "own/ runs/1/ runs/[2]/"},
		{[]string{"eval", "runs/"}, "runs/1/ runs/[2]/"},
		{[]string{"eval", "runs/["}, "runs/[2]/"},
		{[]string{"eval", "runs/1/", ""}, ""},
	} {
		var words []string
		for _, line := range strings.Split(strings.TrimSpace(execute(t, append([]string{cobra.ShellCompNoDescRequestCmd}, c.typed...)...)), "\n") {
			if !strings.HasPrefix(line, ":") {
				words = append(words, line)
			}
		}
		want := strings.Fields(c.want)
		slices.Sort(words)
		slices.Sort(want)
		if !slices.Equal(words, want) {
			t.Errorf("%q: got %q, want %q", c.typed, words, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"cat\tdog\r\n":              "cat\tdog\r\n",
		"\x1b[31mred\x1b]0;t\x07 ö": `\x1b[31mred\x1b]0;t\x07 ö`,
		"\u009b31m \x7f":            `\x9b31m \x7f`,
		"d\xf6g":                    "d\xf6g",
	} {
		var got strings.Builder
		if n, err := (escapingWriter{&got}).Write([]byte(text)); n != len(text) || err != nil || got.String() != want {
			t.Errorf("%q: got %q, %d, %v, want %q", text, got.String(), n, err, want)
		}
	}
}
