// Command demo-pictures draws a small data set to train on: discs of rings and discs of stripes, on busy backgrounds.
//
//	go run ./scripts/demo-pictures [-seed N] [-count N] DIR
//
// Start reading with scene, which is one picture's random choices, and pattern, which is the only thing that the
// class decides. DIR becomes DIR/train/<class>/… and DIR/val/<class>/…, of varied sizes and ratios, in colour and
// grey, as JPEG and PNG, some stored turned with an EXIF orientation. Every picture is a pure function of the seed,
// its part, its class and its number. Nothing is ever written over.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

func main() {
	flags := flag.NewFlagSet("demo-pictures", flag.ExitOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: demo-pictures [-seed N] [-count N] DIR")
		flags.PrintDefaults()
	}
	seed := flags.Uint64("seed", 1, "what all that is random depends on")
	count := flags.Int("count", 160, "training pictures of each class; three eighths as many to validate on")
	_ = flags.Parse(os.Args[1:]) // ExitOnError
	if flags.NArg() != 1 || *count < 1 {
		flags.Usage()
		os.Exit(2)
	}
	if err := drawAll(flags.Arg(0), *seed, *count); err != nil {
		fmt.Fprintf(os.Stderr, "demo-pictures: %v\n", err)
		os.Exit(1)
	}
}

// drawAll draws both parts of the data set into dir, which must be empty or not there yet.
func drawAll(dir string, seed uint64, count int) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("draw pictures: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("draw pictures into %q: got a folder that holds %q, want an empty or a new one", dir, entries[0].Name())
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for part, p := range []struct {
		name  string
		count int
	}{{"train", count}, {"val", max(1, count*3/8)}} {
		for class, c := range classes {
			folder := filepath.Join(dir, p.name, c.name)
			if err := os.MkdirAll(folder, 0o777); err != nil {
				return errors.Join(fmt.Errorf("draw pictures: %w", err), g.Wait())
			}
			for i := range p.count {
				g.Go(func() error { return drawOne(folder, c, identity{seed, part, class, i}) })
			}
		}
	}
	return g.Wait()
}

// drawOne draws one picture into the folder of its class.
func drawOne(folder string, c class, id identity) error {
	s := newScene(id)
	encoded, extension, err := s.encode(s.draw(c.pattern))
	if err != nil {
		return fmt.Errorf("encode picture: %w", err)
	}
	path := filepath.Join(folder, fmt.Sprintf("%s.%03d.%s", c.name, id.number, extension))
	if err := os.WriteFile(path, encoded, 0o666); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}
