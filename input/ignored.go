package input

import (
	"fmt"
	"path"
	"strings"
)

// ignored are patterns, as of path.Match and in lower case, of names that operating systems, NAS devices, cloud folders
// and tools leave among images. docs/usage.md lists them. An image in such a folder is a thumbnail, a backup or deleted.
var ignored = []string{
	".*", // .DS_Store, ._*, .Trash-*, .Spotlight-V100, .git, .dropbox.cache, .sync, .stfolder, .ipynb_checkpoints, …
	// Windows
	"thumbs.db", "ehthumbs*.db", "desktop.ini", "$recycle.bin", "recycler", "system volume information", "found.[0-9][0-9][0-9]",
	// macOS
	"__macosx", "icon\r", "network trash folder", "temporary items",
	// Linux
	"lost+found",
	// Synology, QNAP, NetApp
	"@eadir", "#recycle", "#snapshot", "@tmp", "@sharebin", "@recycle", "@recently-snapshot", "@__thumb", "~snapshot",
	// placeholders
	"*.nextcloud", "*.owncloud",
	// tools
	"__pycache__", "picasa.ini", "zbthumbnail.info", "pspbrwse.jbf",
}

// placeholders are the patterns of files that stand for a file that a cloud folder has not downloaded.
var placeholders = []string{".*.icloud", "*.nextcloud", "*.owncloud"}

// isIgnored reports whether a file or folder with this name is not the user's.
func isIgnored(name string) bool { return matchesAny(ignored, name) }

func matchesAny(patterns []string, name string) bool {
	name = strings.ToLower(name)
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return false
}

// leftovers counts what a walk ignored.
type leftovers struct {
	count, missing         int
	example, missedExample string
}

// add counts a file or folder; name is relative to the root.
func (l *leftovers) add(name string) {
	if matchesAny(placeholders, path.Base(name)) {
		l.addPlaceholder(name)
		return
	}
	if l.count++; l.count == 1 {
		l.example = name
	}
}

func (l *leftovers) addPlaceholder(name string) {
	if l.missing++; l.missing == 1 {
		l.missedExample = name
	}
}

// report returns a note and a warning, if there is something to say.
func (l leftovers) report(root string) (notes, warnings []string) {
	if l.count > 0 {
		notes = append(notes, fmt.Sprintf("ignored %d files and folders of the operating system and of tools in %q, such as %q", l.count, root, l.example))
	}
	if l.missing > 0 {
		warnings = append(warnings, fmt.Sprintf("%d files in %q are placeholders of a cloud folder, such as %q: download them to use them",
			l.missing, root, l.missedExample))
	}
	return notes, warnings
}
