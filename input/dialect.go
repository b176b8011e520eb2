package input

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"alexnet/internal/display"
)

const listHint = "write one image per line: path, space or tab, label"

// encodingHint says how to convert a list that is not UTF-8.
func encodingHint(name, list string) string {
	return fmt.Sprintf("convert it: iconv -f %s -t UTF-8 %s > %s", name, display.Argument(list), converted(list))
}

// converted is where the commands of hints write: in the list's folder, to which its paths may be relative.
func converted(list string) string { return display.Argument(list + ".converted") }

// wrongEncoding names the encoding of a text that is not UTF-8; "" if it is UTF-8 or binary.
func wrongEncoding(prefix []byte) string {
	nulls := [2]int{} // at even and odd offsets
	for i, c := range prefix {
		if c == 0 {
			nulls[i%2]++
		}
	}
	switch text := string(prefix); {
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		return "UTF-16"
	case nulls[0] == 0 && nulls[1] > len(prefix)/4:
		return "UTF-16LE"
	case nulls[1] == 0 && nulls[0] > len(prefix)/4:
		return "UTF-16BE"
	case nulls == [2]int{} && !utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < '\t' }):
		return "WINDOWS-1252"
	}
	return ""
}

// dialect recognizes lines that are not `path label`, such as those of CSV files, and says what they are and how to
// convert them.
func dialect(list string, lines []string) (what, hint string) {
	separator := ""
	for _, s := range []string{";", ",", "\t", "|", " "} {
		if len(lines) > 0 && !slices.ContainsFunc(lines, func(l string) bool { return !strings.Contains(l, s) }) {
			separator = s
			break
		}
	}
	if separator == "" {
		return "", ""
	}
	rows := make([][]string, len(lines))
	quoted := false
	for i, l := range lines {
		for _, field := range strings.Split(l, separator) {
			trimmed := strings.TrimSpace(field)
			bare := strings.Trim(trimmed, `"'`)
			quoted = quoted || bare != trimmed
			rows[i] = append(rows[i], bare)
		}
	}
	body, header := rows, !slices.ContainsFunc(rows[0], namesImage) && len(rows) > 1 && slices.ContainsFunc(rows[1], namesImage)
	if header {
		body = rows[1:]
	}
	pathColumn := slices.IndexFunc(body[0], namesImage)
	if pathColumn < 0 {
		return "", ""
	}
	columns := len(body[0])
	labelColumn := pathColumn + 1
	if labelColumn == columns {
		labelColumn = 0
	}
	var found []string
	name := map[string]string{";": "semicolons", ",": "commas", "|": "vertical bars", "\t": "tabs", " ": "spaces"}[separator]
	if strings.Contains(";,|", separator) || columns > 2 {
		found = append(found, fmt.Sprintf("%d columns separated by %s", columns, name))
	}
	if quoted && strings.TrimSpace(separator) != "" {
		found = append(found, "values in quotes")
	}
	if header {
		found = append(found, "a header line")
	}
	oneHot := columns > 2 && pathColumn == 0 && !slices.ContainsFunc(body, func(row []string) bool { return !isOneHot(row[1:]) })
	switch {
	case oneHot:
		found = append(found, "a column for each class (one-hot)")
	case pathColumn > 0 && columns == 2:
		found = append(found, "the label before the path")
	}
	backslashes := slices.ContainsFunc(body, func(row []string) bool { return pathColumn < len(row) && strings.Contains(row[pathColumn], `\`) })
	if backslashes {
		found = append(found, "paths with backslashes")
	}
	if len(found) == 0 {
		return "", ""
	}
	return strings.Join(found, ", "), "convert it: " + conversion(list, separator, pathColumn, labelColumn, header, oneHot, quoted, backslashes)
}

// conversion is an awk command that writes lines `path label` from the columns.
func conversion(list, separator string, pathColumn, labelColumn int, header, oneHot, quoted, backslashes bool) string {
	var script strings.Builder
	if header && oneHot {
		script.WriteString(`NR == 1 {split($0, class); next} `)
	} else if header {
		script.WriteString("NR > 1 ")
	}
	script.WriteString("{")
	if quoted {
		script.WriteString(`gsub(/"/, ""); `)
	}
	if backslashes {
		script.WriteString(`gsub(/\\/, "/"); `)
	}
	label := fmt.Sprintf("$%d", labelColumn+1)
	if oneHot {
		script.WriteString(`for (i = 2; i <= NF; i++) if ($i == 1) `)
		if label = "i - 2"; header {
			label = "class[i]"
		}
	}
	fmt.Fprintf(&script, `print $%d "\t" %s}`, pathColumn+1, label)
	if separator == "|" {
		separator = "[|]"
	}
	if separator == "\t" {
		separator = `\t`
	}
	return fmt.Sprintf(`awk -F '%s' '{sub(/\r$/, "")} %s' %s > %s`, separator, script.String(), display.Argument(list), converted(list))
}

// namesImage reports whether a field is the path of an image, by its extension.
func namesImage(field string) bool {
	return slices.Contains([]string{".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"}, strings.ToLower(path.Ext(field)))
}

func isOneHot(row []string) bool {
	sum := 0.0
	for _, field := range row {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil || v != 0 && v != 1 {
			return false
		}
		sum += v
	}
	return sum == 1
}

// sample returns the first lines that are neither blank nor comments. The last one may be incomplete in a prefix.
func sample(prefix []byte) (lines []string) {
	all := strings.Split(strings.TrimPrefix(string(prefix), "\xef\xbb\xbf"), "\n")
	if len(prefix) == windowBytes && len(all) > 1 {
		all = all[:len(all)-1]
	}
	for _, l := range all {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			lines = append(lines, l)
		}
	}
	return lines[:min(len(lines), 20)]
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// base returns the folder that a list's paths are relative to: the list's own, or the working folder if only that has
// one of the files. It is an error if neither has any.
func base(list string, lines []line) (dir, note string, err error) {
	own := filepath.Dir(list)
	relative := slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return filepath.IsAbs(l.path) })
	exists := func(dir string) bool {
		return slices.ContainsFunc(relative, func(l line) bool { return fileExists(filepath.Join(dir, filepath.FromSlash(l.path))) })
	}
	if exists(own) || slices.ContainsFunc(lines, func(l line) bool { return filepath.IsAbs(l.path) && fileExists(l.path) }) || len(lines) == 0 {
		return own, "", nil
	}
	if exists(".") {
		return ".", fmt.Sprintf("paths in %q are relative to the working folder, since %q has none of them", list, own), nil
	}
	missing := fmt.Errorf("%w: none of its %d images exists, such as %q", ErrNoImages, len(lines), lines[0].path)
	if len(relative) > 0 {
		real, _ := filepath.Abs(own)
		working, _ := filepath.Abs(".")
		missing = fmt.Errorf("%w; looked up relative to the list's folder %q and the working folder %q", missing, real, working)
	}
	return "", "", missing
}
