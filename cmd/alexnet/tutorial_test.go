package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"alexnet/internal/testenv"
)

// TestTutorial runs the commands of docs/tutorial.md in order, with the tiny network, and compares their output
// with the tutorial line by line, ignoring numbers.
func TestTutorial(t *testing.T) {
	if testing.Short() {
		t.Skip("it trains three times; run without -short")
	}
	root := testenv.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "tutorial.md"))
	if err != nil {
		t.Fatal(err)
	}
	script, count := tutorialScript(string(text))
	if count < 8 {
		t.Fatalf("got %d commands in the tutorial, want at least 8", count)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tutorial.txtar"), []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:   dir,
		Setup: setHome(os.Getenv("PATH")),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"weights": writeWeights,
			"draw": func(ts *testscript.TestScript, _ bool, args []string) {
				draw := exec.Command("go", "run", "./scripts/demo-images", "-classes", "rings,stripes", "-count", "16", ts.MkAbs(args[0]))
				draw.Dir = root
				if out, err := draw.CombinedOutput(); err != nil {
					ts.Fatalf("draw: %v\n%s", err, out)
				}
			},
			"prints": checkPrinted,
		},
	})
}

// tutorialScript makes a script of the blocks marked console: lines that begin with $ are commands, the others
// their output.
func tutorialScript(text string) (script string, commands int) {
	var b strings.Builder
	b.WriteString("weights bvlc_alexnet.npy\n")
	var files bytes.Buffer
	for i, block := range consoleBlocks(text) {
		for j, command := range strings.Split("\n"+block, "\n$ ")[1:] {
			line, printed, _ := strings.Cut(command, "\n")
			b.WriteString(scriptLine(line) + "\n")
			if commands++; strings.TrimSpace(printed) != "" {
				name := fmt.Sprintf("printed-%d-%d", i, j)
				fmt.Fprintf(&b, "prints %s\n", name)
				fmt.Fprintf(&files, "-- %s --\n%s\n", name, printed)
			}
		}
	}
	return b.String() + files.String(), commands
}

func consoleBlocks(text string) (blocks []string) {
	for _, part := range strings.Split(text, "```console\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, strings.TrimRight(block, "\n"))
	}
	return blocks
}

// scriptLine adapts a command of the tutorial to the script.
func scriptLine(command string) string {
	if dir, ok := strings.CutPrefix(command, "go run ./scripts/demo-images -classes rings,stripes -count 160 "); ok {
		return "draw " + dir
	}
	if strings.HasPrefix(command, "alexnet train ") {
		command += " --size 67 --widths 8,8,8,8,8,16,16"
	}
	return "exec " + command
}

var (
	numbers = regexp.MustCompile(`[0-9]+(\.[0-9]+)?(ms|s|m)?`)
	spaces  = regexp.MustCompile(`[ \t]+`)
	demo    = strings.NewReplacer("rings", "class", "stripes", "class", ".png", ".jpg")
)

// normalize removes what differs between runs.
func normalize(line string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(numbers.ReplaceAllString(demo.Replace(line), "N"), " "))
}

// checkPrinted checks that the last command printed every line of a file.
func checkPrinted(ts *testscript.TestScript, _ bool, args []string) {
	got := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		got[normalize(line)] = true
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if !got[normalize(line)] {
			ts.Fatalf("the tutorial shows the line %q\ngot:\n%s", normalize(line), ts.ReadFile("stdout"))
		}
	}
}
