package report

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"alexnet/internal/browser"
)

func TestInBrowser(t *testing.T) {
	b := browser.Open(t, 2*time.Minute)
	b.Watch(t, "file://")
	for _, classes := range []int{2, 30} {
		dir, _ := trainedRun(t, classes)
		_, text := makePage(t, dir, openModel(t, dir), openDataset(t, dir))
		path := filepath.Join(t.TempDir(), "report.html")
		must(t, os.WriteFile(path, text, 0o666))
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				name := fmt.Sprintf("%d-classes-%d-%s", classes, width, scheme)
				t.Run(name, func(t *testing.T) {
					b.Show(t, "file://"+path, width, scheme)
					for _, trouble := range b.Problems(t) {
						t.Error(trouble)
					}
					b.Keep(t, name)
				})
			}
		}
	}
}
