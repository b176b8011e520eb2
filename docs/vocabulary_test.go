package docs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"alexnet/internal/testenv"
)

// unwanted maps a pattern that must not come back to the words to use instead. CONTRIBUTING.md has the glossary.
var unwanted = [][2]string{
	{`picture`, "image"},
	{`photograph`, "image"},
	{`left[ _-]?out\b|leaves? out\b|leaving out\b`, "excluded, skipped or omitted"},
	{`spoil`, "damaged, or non-finite"},
	{`frozen layers (give|make of)`, "features"},
	{`(keep|keeps|kept) back\b`, "held out"},
	{`\b(no|not a|are no|is no) (finite )?numbers?\b`, "non-finite, or NaN"},
	{`gives? no answer`, "timed out"},
	{`\b(go|goes|going|went) on\b|\bgo(es)?On`, "resume, or continue"},
	{`\bfirst values?\b`, "initial value"},
	{`\bso (many|much|often|long) (as|images|steps|bytes|a |an )|every so many|so many\b`, "the number"},
	{`mirrored|--mirror\b`, "flipped, or --augment flip"},
	{`\banew\b`, "again"},
	{`see to it`, "check"},
	{`(comes|came|become|becomes|became) of (it|them|that|a|an|the)\b`, "result"},
	{`(put|puts) right\b`, "problem, or fix"},
	{`worth knowing`, "warning"},
	{`to the last (bit|digit)\b`, "bit-identical"},
	{`\b(images|examples) an? (update|step)\b|[0-9] updates\b`, "batch size, or steps"},
	{`none of this name|is not there\b`, "not found"},
	{`\bmend(s|ed|ing)?\b`, "fix, or repair"},
	{`believe`, "trust, or apply"},
	{`\bdata sets?\b`, "dataset"},
	{`data contract|\bContract\b`, "preprocessing"},
	{`--in-order\b`, "--no-shuffle"},
	{`\b(optimi|initiali|normali|summari|recogni|seriali|minimi|maximi|randomi|organi|visuali|reali|generali)s(e|es|ed|er|ers|ing|ation)\b`, "American spelling"},
	{`colour|\bgrey|\bcentre|behaviour|neighbour|\blicence|labelled|\bcancelled|favour\b`, "American spelling"},
}

// quotes lists the files that quote unwanted phrases: rundir knows the file names of earlier versions.
var quotes = []string{"CHANGELOG.md", "docs/vocabulary_test.go", "LICENSE", "internal/rundir/rundir.go", "internal/rundir/rundir_test.go"}

// allowed are lines that use a phrase in another sense.
var allowed = regexp.MustCompile(`aria-labelledby|your own photographs|[Nn]ot a [Nn]umber`)

// written reports whether people read the file.
func written(path string) bool {
	name := filepath.Base(path)
	return slices.Contains([]string{".go", ".md", ".sh", ".py", ".html", ".js", ".css", ".txtar", ".yaml", ".txt", ""}, filepath.Ext(path)) ||
		strings.HasPrefix(name, "Dockerfile")
}

// Unwanted phrases are in no name of a file, code, comment, message or page.
func TestVocabulary(t *testing.T) {
	root := testenv.Root(t)
	var patterns []*regexp.Regexp
	for _, u := range unwanted {
		patterns = append(patterns, regexp.MustCompile(`(?i)`+u[0]))
	}
	check := func(where string, text []byte) {
		for i, p := range patterns {
			if found := p.Find(text); found != nil && !allowed.Match(text) {
				t.Errorf("%s: got %q, want %s: %s", where, found, unwanted[i][1], bytes.TrimSpace(text))
			}
		}
	}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"runs", "bin", "fuzz"}, entry.Name())):
			return filepath.SkipDir
		case !entry.Type().IsRegular() || !written(path) || slices.Contains(quotes, name) || strings.HasSuffix(name, "requirements.txt"):
			return nil
		}
		check(name, []byte(name))
		text, err := os.ReadFile(path)
		for i, line := range bytes.Split(text, []byte("\n")) {
			if !bytes.ContainsRune(line, 0) {
				check(name+":"+strconv.Itoa(i+1), line)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
