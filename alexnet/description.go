package alexnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	tf "github.com/wamuir/graft/tensorflow"

	"alexnet/input"
	"alexnet/tfgraph"
)

// Description is what a checkpoint or an export stores about its model: enough to rebuild the network and to
// prepare its input as in training.
type Description struct {
	Network       Config        `json:"network"`
	Preprocessing Preprocessing `json:"preprocessing"`
}

// ParseDescription decodes and validates what [Description.JSON] wrote.
func ParseDescription(text []byte) (Description, error) {
	var d Description
	err := json.Unmarshal(text, &d)
	if err == nil {
		err = d.Validate()
	}
	if err != nil {
		return Description{}, fmt.Errorf("read model description: %w", err)
	}
	return d, nil
}

// JSON encodes the description.
func (d Description) JSON() json.RawMessage {
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings and finite numbers
	}
	return text
}

// Validate reports everything that is wrong with d. Network and preprocessing have to agree on the number of
// classes and the input size.
func (d Description) Validate() error {
	network := d.Network.WithDefaults()
	errs := []error{network.Validate(), d.Preprocessing.Validate()}
	if got, want := len(d.Preprocessing.Classes), network.Classes; got != want {
		errs = append(errs, fmt.Errorf("got %d class names, want %d, the number of network outputs", got, want))
	}
	if got, want := d.Preprocessing.Size, network.Size; got != want {
		errs = append(errs, fmt.Errorf("got preprocessing to size %d, want %d, the size of the network's input", got, want))
	}
	return errors.Join(errs...)
}

// FeatureKey identifies what the output of frozen layers depends on besides the images and the weights: the
// description without its classes.
func (d Description) FeatureKey() []byte {
	d.Network.Classes, d.Preprocessing.Classes = 0, nil
	return d.JSON()
}

// VariableShapes are the shapes of the network's variables by name.
func (c Config) VariableShapes() map[string][]int64 {
	shapes := map[string][]int64{}
	for _, l := range c.Layers() {
		shapes[l.Name+"/weights"], shapes[l.Name+"/biases"] = l.Weights, l.Biases
	}
	return shapes
}

// Loader decodes examples into batches of network inputs, float32 [N,Size,Size,3].
func (d *Decoder) Loader(examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	side := int64(d.preprocessing.Size)
	return &input.Loader[*tfgraph.Tensor]{
		Examples: examples,
		Batch:    batch,
		Alloc: func(rows int) (*tfgraph.Tensor, error) {
			return tfgraph.Allocate(tf.Float, int64(rows), side, side, 3)
		},
		Decode: d.DecodeExample,
	}
}

// DecodeExample is [Decoder.Decode] by the example's header and the draw of its augmentation. An image that TensorFlow cannot decode is an
// [input.ErrDamaged]; failures that an intact image can cause too, such as running out of memory, are not.
func (d *Decoder) DecodeExample(ctx context.Context, encoded []byte, ex input.Example, draw uint64, into []float32) error {
	info := ImageInfo{Orientation: ex.Orientation, Flipped: draw&input.Flipped != 0, Width: ex.Width, Height: ex.Height}
	err := d.Decode(ctx, encoded, info, into)
	if message := tfgraph.BadInput(err); message != "" {
		return fmt.Errorf("%w: %s", input.ErrDamaged, message)
	}
	return err
}
