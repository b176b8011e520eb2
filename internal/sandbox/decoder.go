package sandbox

import (
	"context"
	"errors"
	"sync"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/hint"
	"alexnet/tfgraph"
)

// Decoder decodes every image in a child process, whether it was decoded before or not: a decoder for images of other
// people. It has the methods of [alexnet.Decoder], gives the same values and is safe for concurrent use. If no child can
// be started, images are decoded in this process and a note says so.
type Decoder struct {
	options   Options
	children  *children
	inProcess func() (*alexnet.Decoder, error)
	opened    *alexnet.Decoder // by inProcess
}

// NewDecoder makes a Decoder that the caller closes. Of o it uses Preprocessing, Workers, Seconds, Memory, Note and Warn.
// Children are started on demand.
func NewDecoder(o Options) *Decoder {
	o = o.withDefaults()
	d := &Decoder{options: o, children: o.children()}
	d.inProcess = sync.OnceValues(func() (_ *alexnet.Decoder, err error) {
		d.opened, err = alexnet.NewDecoder(o.Preprocessing, tfgraph.Options{})
		return d.opened, err
	})
	return d
}

// Start starts n children, or as many as there may be, so that the first images do not wait for theirs. It is called before
// Decode.
func (d *Decoder) Start(ctx context.Context, n int) error {
	err := d.children.start(ctx, n)
	var none *unavailable
	if errors.As(err, &none) {
		d.children.noteUnavailable(d.options.Note, none)
		return nil
	}
	return err
}

// Decode is [alexnet.Decoder.Decode] in a child. An image that crashes the decoder, or takes too much time or memory, is
// an [input.ErrDamaged] with a hint.
func (d *Decoder) Decode(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
	q := request{Size: len(encoded), Header: ex.Header, Prepared: true, Draw: draw, WantFloats: true}
	a, err := d.children.ask(ctx, q, encoded, into)
	var crashed *crash
	var none *unavailable
	switch {
	case errors.As(err, &none):
		d.children.noteUnavailable(d.options.Note, none)
		local, err := d.inProcess()
		if err != nil {
			return err
		}
		return local.Decode(ctx, encoded, ex, draw, into)
	case errors.As(err, &crashed):
		return hint.With(crashed.refusal(), crashed.hint())
	case err != nil:
		return err
	}
	d.options.Warn(ex.Path, a.Warning)
	return a.reason()
}

// Close ends the children. No call of Decode may be running, and none may follow.
func (d *Decoder) Close() error {
	d.children.close()
	if d.opened != nil {
		return d.opened.Close()
	}
	return nil
}
