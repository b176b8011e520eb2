package eval

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"alexnet/input"
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
	loader := c.Loader(examples, 1)
	rows, failed, err := c.Probabilities(ctx, len(examples), func(ctx context.Context, i int, into []float32) error {
		return loader.Load(ctx, examples[i], into)
	})
	if err != nil {
		return nil, err
	}
	predictions := make([]Prediction, len(examples))
	for i, ex := range examples {
		predictions[i] = Prediction{Path: ex.Path, Err: failed[i]}
		if failed[i] == nil {
			ranked := Rank(c.Meta.Preprocessing.Classes, rows[i])
			predictions[i].Top = ranked[:min(k, len(ranked))]
			predictions[i].Class, predictions[i].Probability = ranked[0].Class, ranked[0].Probability
		}
	}
	return predictions, nil
}

// Rank orders the classes by their probabilities, the highest first and equals
// by label.
func Rank(classes []string, probabilities []float32) []Ranked {
	ranked := make([]Ranked, len(classes))
	for i, class := range classes {
		ranked[i] = Ranked{class, float64(probabilities[i])}
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Compare(b.Probability, a.Probability) })
	return ranked
}
