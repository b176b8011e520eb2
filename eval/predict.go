package eval

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"golang.org/x/sync/errgroup"

	"alexnet/input"
	"alexnet/tfgraph"
)

// Prediction is what the model says of one picture, or why it could not.
type Prediction struct {
	Path        string
	Class       string   // the most probable
	Probability float64  // of Class
	Top         []Ranked // most probable first
	Err         error    // the picture could not be read; all else is zero
}

// Ranked is a class with its probability.
type Ranked struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// MarshalJSON writes path, class, probability and top, or path and error.
func (p Prediction) MarshalJSON() ([]byte, error) {
	if p.Err != nil {
		return json.Marshal(struct {
			Path  string `json:"path"`
			Error string `json:"error"`
		}{p.Path, p.Err.Error()})
	}
	return json.Marshal(struct {
		Path        string   `json:"path"`
		Class       string   `json:"class"`
		Probability float64  `json:"probability"`
		Top         []Ranked `json:"top"`
	}{p.Path, p.Class, p.Probability, p.Top})
}

// Predict classifies the pictures of examples and yields their predictions in
// order, the top k classes each, at most batch pictures in memory at a time. A
// picture that cannot be decoded is a Prediction with Err; an error of the
// model itself ends it.
func (c *Classifier) Predict(ctx context.Context, examples []input.Example, batch, k int, yield func(Prediction) error) error {
	if batch < 1 || k < 0 {
		return fmt.Errorf("predict: got a batch of %d and the top %d, want at least 1 and 0", batch, k)
	}
	for chunk := range slices.Chunk(examples, batch) {
		predictions, err := c.predict(ctx, chunk, k)
		if err != nil {
			return err
		}
		for _, p := range predictions {
			if err := yield(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Classifier) predict(ctx context.Context, examples []input.Example, k int) ([]Prediction, error) {
	side := int64(c.Meta.Contract.Size)
	images, err := tfgraph.Allocate(tf.Float, int64(len(examples)), side, side, 3)
	if err != nil {
		return nil, err
	}
	defer images.Close()
	predictions := make([]Prediction, len(examples))
	loader := c.Loader(examples, 1)
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, ex := range examples {
		g.Go(func() error {
			predictions[i] = Prediction{Path: ex.Path}
			if err := loader.Load(ctx, ex, images.Row(i)); err != nil {
				predictions[i].Err = err
				clear(images.Row(i))
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out, err := c.head.run(ctx, c.session, tfgraph.Feeds{c.head.Images: images}, c.head.Probabilities)
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	for i := range predictions {
		if predictions[i].Err == nil {
			predictions[i].rank(c.Meta.Contract.Classes, out[0].Row(i), k)
		}
	}
	return predictions, nil
}

func (p *Prediction) rank(classes []string, probabilities []float32, k int) {
	ranked := make([]Ranked, len(classes))
	for i, class := range classes {
		ranked[i] = Ranked{class, float64(probabilities[i])}
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Compare(b.Probability, a.Probability) })
	p.Top = ranked[:min(k, len(ranked))]
	p.Class, p.Probability = ranked[0].Class, ranked[0].Probability
}
