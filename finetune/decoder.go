package finetune

import (
	"context"
	"errors"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
)

// decoder decodes a run's images in this process, as each was decoded in a child before. Those that decode with a warning
// are decoded in a child again: this process's library would print the warning without the path.
type decoder struct {
	preprocessing alexnet.Preprocessing
	inProcess     *alexnet.Decoder
	inChild       *sandbox.Decoder
	warnings      *sandbox.Warnings
}

// newDecoder returns the decoder of the session's images. The caller closes it.
func (s *session) newDecoder(p alexnet.Preprocessing) (*decoder, error) {
	local, err := alexnet.NewDecoder(p, tfgraph.Options{})
	if err != nil {
		return nil, err
	}
	child := sandbox.NewDecoder(sandbox.Options{Preprocessing: p, Workers: 1, Note: func(text string) { s.log.Info(text) }})
	return &decoder{p, local, child, &s.warnings}, nil
}

// loader decodes examples into batches.
func (d *decoder) loader(examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	return d.preprocessing.Loader(d.decode, examples, batch)
}

func (d *decoder) decode(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
	if d.warnings.Has(ex.Path) {
		return d.inChild.Decode(ctx, encoded, ex, draw, into)
	}
	return d.inProcess.Decode(ctx, encoded, ex, draw, into)
}

func (d *decoder) Close() error { return errors.Join(d.inChild.Close(), d.inProcess.Close()) }
