package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"alexnet/internal/testenv"
)

// Every command works for every path that the file system allows, absolute or relative to such a folder.
func TestProgramAtAnyPath(t *testing.T) {
	if testing.Short() {
		t.Skip("trains at several paths; run without -short")
	}
	pretrained := filepath.Join(t.TempDir(), "weights.npy")
	if err := drawWeights(pretrained, tinyNetwork); err != nil {
		t.Fatal(err)
	}
	for _, name := range testenv.OddNames {
		t.Run(strconv.Quote(name), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			if err := errors.Join(os.Mkdir(dir, 0o777), os.Rename(photos(t), filepath.Join(dir, name))); err != nil {
				t.Fatal(err)
			}
			alexnet := func(args ...string) {
				t.Helper()
				var stderr bytes.Buffer
				if code := run(args, strings.NewReader(""), io.Discard, &stderr); code != exitOK {
					t.Errorf("%q: got exit code %d: %s", args, code, stderr.String())
				}
			}
			t.Chdir(dir)
			absolute, relative := filepath.Join(dir, "runs", name), "./"+name
			for _, out := range []string{absolute, "runs/relative"} {
				alexnet(append([]string{"train", relative, "--out", out, "--epochs", "1", "--val", ".25", "--weights", pretrained}, tinyFlags...)...)
				alexnet("train", "--out", out, "--resume", "--epochs", "2")
				alexnet("eval", out, relative)
				alexnet("report", out)
				alexnet("inspect", out)
				formats := exportFormats
				if out != absolute {
					formats = formats[:1]
				}
				for _, format := range formats {
					exported := filepath.Join(out+"-export", name+"."+format)
					alexnet("export", out, "--format", format, "--out", exported)
					if format != onnxFormat {
						alexnet("inspect", exported)
					}
					if format == savedModelFormat || format == checkpointFormat {
						alexnet("predict", exported, relative, "--draw", filepath.Join(dir, "drawn", name))
					}
				}
			}
			exported := filepath.Join(absolute+"-export", name+".npy")
			alexnet(append([]string{"train", relative, "--out", absolute + "2", "--epochs", "1", "--val", ".25", "--weights", exported}, tinyFlags...)...)
			_, log := startServer(t, filepath.Join(absolute+"-export", name+".savedmodel"))
			if !strings.HasPrefix(log.url, "http://") {
				t.Errorf("got %q, want a URL", log.url)
			}
		})
	}
}
