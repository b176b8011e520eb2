package features

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Contents hashes the files at paths, on all cores. The error names one that
// cannot be read; the end of ctx ends it with ctx.Err().
func Contents(ctx context.Context, paths []string) ([]Content, error) {
	contents := make([]Content, len(paths))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		g.Go(func() (err error) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			contents[i], err = contentOf(path)
			return err
		})
	}
	return contents, g.Wait()
}

func contentOf(path string) (c Content, err error) {
	f, err := os.Open(path)
	if err != nil {
		return c, fmt.Errorf("hash picture: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return c, fmt.Errorf("hash picture %q: %w", path, err)
	}
	return Content(h.Sum(nil)), nil
}
