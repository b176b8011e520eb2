// Command demo-images draws a small dataset: discs with one of eight patterns, on busy backgrounds.
//
//	go run ./scripts/demo-images [-seed N] [-count N] [-classes CLASS,…] DIR
//
// Start reading with scene, the random choices of one image, and pattern, the only difference between the classes. It
// writes DIR/train/<class>/… and DIR/val/<class>/…, in varied sizes and aspect ratios, in color and gray, as JPEG and PNG,
// some rotated with an EXIF orientation. Every image is a pure function of the seed, its split, its class and its number.
// Existing files are never overwritten.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

func main() {
	flags := flag.NewFlagSet("demo-images", flag.ExitOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: demo-images [-seed N] [-count N] [-classes CLASS,…] DIR")
		flags.PrintDefaults()
	}
	seed := flags.Uint64("seed", 1, "random seed")
	count := flags.Int("count", 50, "training images per class; three eighths as many validation images")
	chosen := classes
	flags.Func("classes", "comma-separated names of the `classes` to draw (default all: "+strings.Join(names(), ",")+")", func(list string) (err error) {
		chosen, err = parseClasses(list)
		return err
	})
	_ = flags.Parse(os.Args[1:]) // ExitOnError
	if flags.NArg() != 1 || *count < 1 {
		flags.Usage()
		os.Exit(2)
	}
	if err := drawAll(flags.Arg(0), *seed, *count, chosen); err != nil {
		fmt.Fprintf(os.Stderr, "demo-images: %v\n", err)
		os.Exit(1)
	}
}

// names are those of all classes.
func names() (all []string) {
	for _, c := range classes {
		all = append(all, c.name)
	}
	return all
}

// parseClasses returns the classes that a list names.
func parseClasses(list string) (chosen []class, err error) {
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(names(), name)
		if i < 0 {
			return nil, fmt.Errorf("got class %q, want one of %q", name, names())
		}
		chosen = append(chosen, classes[i])
	}
	return chosen, nil
}

// drawAll draws both splits of the dataset into dir, which must be empty or new.
func drawAll(dir string, seed uint64, count int, classes []class) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("draw images: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("draw images into %q: got a folder that holds %q, want an empty or a new one", dir, entries[0].Name())
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for split, p := range []struct {
		name  string
		count int
	}{{"train", count}, {"val", max(1, count*3/8)}} {
		for class, c := range classes {
			folder := filepath.Join(dir, p.name, c.name)
			if err := os.MkdirAll(folder, 0o777); err != nil {
				return errors.Join(fmt.Errorf("draw images: %w", err), g.Wait())
			}
			for i := range p.count {
				g.Go(func() error { return drawOne(folder, c, identity{seed, split, class, i}) })
			}
		}
	}
	return g.Wait()
}

// drawOne draws one image into its class's folder.
func drawOne(folder string, c class, id identity) error {
	s := newScene(id)
	encoded, extension, err := s.encode(s.draw(c.pattern))
	if err != nil {
		return fmt.Errorf("encode image: %w", err)
	}
	path := filepath.Join(folder, fmt.Sprintf("%s.%03d.%s", c.name, id.number, extension))
	if err := os.WriteFile(path, encoded, 0o666); err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	return nil
}
