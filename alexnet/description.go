package alexnet

import (
	"encoding/json"
	"errors"
	"fmt"
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
