package caption

import (
	"fmt"
	"path/filepath"
	"strings"
)

// TargetNames returns an output file name for each path: its own with the extension .jpg, or .png if it had that,
// and a number appended if another path or one of taken has that name already, ignoring case.
func TargetNames(paths []string, taken ...string) []string {
	used := make(map[string]bool, len(paths)+len(taken))
	for _, name := range taken {
		used[strings.ToLower(name)] = true
	}
	next := map[string]int{}
	names := make([]string, len(paths))
	for i, path := range paths {
		stem, extension := split(path)
		name := stem + extension
		key := strings.ToLower(name)
		for n := max(2, next[key]); used[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s-%d%s", stem, n, extension)
			next[key] = n + 1
		}
		used[strings.ToLower(name)] = true
		names[i] = name
	}
	return names
}

// split returns a file name without its extension, and the extension of the output.
func split(path string) (stem, extension string) {
	base := filepath.Base(path)
	ending := filepath.Ext(base)
	stem = strings.TrimSuffix(base, ending)
	if strings.Trim(stem, "-. "+string(filepath.Separator)) == "" {
		stem = "image"
	}
	if strings.EqualFold(ending, ".png") {
		return stem, ".png"
	}
	return stem, ".jpg"
}
