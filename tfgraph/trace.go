package tfgraph

import (
	"context"

	tf "github.com/wamuir/graft/tensorflow"
)

// Trace is [Session.Run] that also gives a serialised RunMetadata: when each
// operation ran, for how long, and on what memory. The results are those of Run,
// which is somewhat faster.
func (s *Session) Trace(ctx context.Context, feeds Feeds, fetches []tf.Output, targets ...*tf.Operation) (out []*Tensor, metadata []byte, err error) {
	given, asked, err := places(feeds, fetches)
	if err != nil {
		return nil, nil, err
	}
	out, err = s.run(ctx, &metadata, given, asked, targets)
	return out, metadata, err
}
