package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"golang.org/x/sync/errgroup"

	"alexnet/internal/bundle"
	"alexnet/internal/crc32c"
	"alexnet/internal/regular"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Load reads vars from the bundle at prefix in parallel and verifies their checksums. All of vars must be in it, with
// their exact shapes. The values are to be fed to a graph that only reads them. They are a copy: changes of the
// checkpoint's files do not affect them. The caller closes them, after every session that they were fed to.
func Load(ctx context.Context, prefix string, vars []ops.Variable) (tfgraph.Feeds, error) {
	outputs := make([]tf.Output, len(vars))
	for i, v := range vars {
		outputs[i] = v.Value
	}
	return load(ctx, prefix, vars, outputs)
}

// load returns the value of each variable as a feed of one of outputs.
func load(ctx context.Context, prefix string, vars []ops.Variable, outputs []tf.Output) (tfgraph.Feeds, error) {
	feeds := tfgraph.Feeds{}
	err := withBundle(prefix, func(r *bundle.Reader) error {
		var names []string
		values := map[string][]float32{}
		for i, v := range vars {
			if err := checkShape(r, v.Name, v.Shape); err != nil {
				return err
			}
			t, err := tfgraph.Allocate(tf.Float, v.Shape...)
			if err != nil {
				return err
			}
			feeds[outputs[i]] = t
			names, values[v.Name] = append(names, v.Name), tfgraph.Data[float32](t)
		}
		return forEach(ctx, names, func(name string) error { return r.Read(name, values[name]) })
	})
	if err != nil {
		feeds.Close()
		return nil, err
	}
	return feeds, nil
}

// withBundle calls do with the bundle at prefix.
func withBundle(prefix string, do func(*bundle.Reader) error) error {
	reader, err := bundle.Open(prefix)
	if err == nil {
		defer reader.Close()
		err = do(reader)
	}
	var format *bundle.FormatError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &format), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("restore checkpoint %q: %w: %w", prefix, ErrDamaged, err)
	}
	return fmt.Errorf("restore checkpoint %q: %w", prefix, err)
}

// CheckShapes reports variables that the bundle at prefix lacks or holds in another shape. It reads the index alone:
// a network that a file describes is built only after this check.
func CheckShapes(prefix string, shapes map[string][]int64) error {
	return withBundle(prefix, func(r *bundle.Reader) error {
		for _, name := range slices.Sorted(maps.Keys(shapes)) {
			if err := checkShape(r, name, shapes[name]); err != nil {
				return err
			}
		}
		return nil
	})
}

func checkShape(reader *bundle.Reader, name string, shape []int64) error {
	found, err := reader.Lookup(name)
	if err == nil && !slices.Equal(found.Shape, shape) {
		err = fmt.Errorf("variable %q: got shape %v, want %v", name, found.Shape, shape)
	}
	return err
}

// maxTextSize bounds the files beside the values.
const maxTextSize = 64 << 20

// A description ends in the checksum of everything before it and remains valid JSON.
const (
	checksumPrefix = ",\n  \"checksum\": \""
	checksumFormat = checksumPrefix + "crc32c:%08x\"\n}\n"
)

func (m Meta) encode() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return appendChecksum(bytes.TrimSuffix(text, []byte("\n}"))), nil
}

func appendChecksum(body []byte) []byte {
	return fmt.Appendf(bytes.Clone(body), checksumFormat, crc32c.Checksum(body))
}

// verifyChecksum compares a description with the checksum in it, which must exist if wanted.
func verifyChecksum(text []byte, wanted bool) error {
	end := bytes.LastIndex(text, []byte(checksumPrefix))
	if end < 0 && !wanted {
		return nil
	}
	if end < 0 || !bytes.Equal(text, appendChecksum(text[:end])) {
		return errors.New("the description does not match its checksum")
	}
	return nil
}

// checksumsOf computes those of the bundle at prefix.
func checksumsOf(prefix string) (*checksums, error) {
	files := bundleFiles(prefix)
	index, err := regular.Read(files[1], maxTextSize)
	if err != nil {
		return nil, err
	}
	data, err := os.Stat(files[0])
	if err != nil {
		return nil, err
	}
	return &checksums{Index: fmt.Sprintf("%08x", crc32c.Checksum(index)), Size: data.Size()}, nil
}

func (s *checksums) check(prefix string) error {
	got, err := checksumsOf(prefix)
	if err != nil {
		return err
	}
	if *got != *s {
		return fmt.Errorf("the bundle has an index of checksum %s and %d bytes of data, want %s and %d", got.Index, got.Size, s.Index, s.Size)
	}
	return nil
}

// verify reads all variables of the checkpoint at prefix in parallel and verifies their checksums.
func verify(ctx context.Context, prefix string) error {
	return withBundle(prefix, func(r *bundle.Reader) error {
		var names []string
		for _, v := range r.Variables() {
			names = append(names, v.Name)
		}
		return forEach(ctx, names, r.Verify)
	})
}

// forEach calls do for all names, in parallel.
func forEach(ctx context.Context, names []string, do func(name string) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, name := range names {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(name)
		})
	}
	return g.Wait()
}
