package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// blob is how JSON carries bytes: {"b64": "…"}.
type blob struct {
	B64 []byte `json:"b64"`
}

// instance is a row: {"b64": "…"} where images are the only input, or all inputs
// by name.
type instance struct {
	blob
	Images       *blob `json:"images"`
	Orientations *int  `json:"orientations"`
}

// parsePredict reads the body of a predict request of at most so many pictures.
// It goes through it token by token, since a body of nothing but small values
// would take many times its size if it were read at once. An error quotes the
// beginning of what it is about, which may be all of a body.
func parsePredict(body []byte, most int) (predictRequest, error) {
	p := &parser{Decoder: json.NewDecoder(bytes.NewReader(body)), most: most}
	p.DisallowUnknownFields()
	if err := p.request(); err != nil {
		var known problem
		if errors.As(err, &known) {
			return predictRequest{}, err
		}
		return predictRequest{}, problem{http.StatusBadRequest, fmt.Errorf("read JSON: %.200s", jsonReason(err))}
	}
	return p.read, nil
}

type parser struct {
	*json.Decoder
	most int // pictures
	read predictRequest
}

func (p *parser) request() error {
	given := 0
	err := p.object(func(key string) (err error) {
		switch key {
		case "signature_name":
			return p.Decode(&p.read.signature)
		case "instances":
			given++
			return p.list(p.instance)
		case "inputs":
			given++
			p.read.columns = true
			return p.inputs()
		}
		return fmt.Errorf("got a field %.40q, want signature_name, instances or inputs", key)
	})
	if err != nil {
		return err
	}
	if given != 1 {
		return errors.New("want either instances or inputs, once")
	}
	if _, err := p.Token(); err != io.EOF {
		return errors.New("got more behind the object")
	}
	return nil
}

func (p *parser) instance() error {
	var i instance
	if err := p.Decode(&i); err != nil {
		return err
	}
	if i.Images == nil {
		i.Images = &i.blob
	} else if i.B64 != nil {
		return errors.New("got b64 beside images in an instance, want one of them")
	}
	if i.Orientations != nil {
		p.read.orientations = append(p.read.orientations, *i.Orientations)
	}
	return p.image(i.Images.B64)
}

func (p *parser) image(encoded []byte) error {
	if encoded == nil {
		return errors.New(`got no image, want {"b64": "…"}`)
	}
	p.read.images = append(p.read.images, encoded)
	return nil
}

// inputs reads columns: the images alone, or an object of lists.
func (p *parser) inputs() error {
	token, err := p.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('['):
		return p.items(p.column)
	case json.Delim('{'):
		return p.members(func(key string) error {
			switch key {
			case "images":
				return p.list(p.column)
			case "orientations":
				return p.list(func() error {
					var o int
					err := p.Decode(&o)
					p.read.orientations = append(p.read.orientations, o)
					return err
				})
			}
			return fmt.Errorf("got an input %.40q, want images and orientations", key)
		})
	}
	return errors.New("got inputs that are neither a list nor an object")
}

func (p *parser) column() error {
	var b blob
	if err := p.Decode(&b); err != nil {
		return err
	}
	return p.image(b.B64)
}

func (p *parser) object(member func(key string) error) error {
	if token, err := p.Token(); err != nil {
		return err
	} else if token != json.Delim('{') {
		return errors.New("want an object")
	}
	return p.members(member)
}

// members reads an object's members and its end.
func (p *parser) members(member func(key string) error) error {
	for p.More() {
		key, err := p.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string) // the decoder accepts nothing else here
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := p.Token()
	return err
}

func (p *parser) list(item func() error) error {
	if token, err := p.Token(); err != nil {
		return err
	} else if token != json.Delim('[') {
		return errors.New("want a list")
	}
	return p.items(item)
}

// items reads a list's items, no more than pictures are allowed, and its end.
func (p *parser) items(item func() error) error {
	for n := 0; p.More(); n++ {
		if n == p.most {
			return tooMany(p.most)
		}
		if err := item(); err != nil {
			return err
		}
	}
	_, err := p.Token()
	return err
}

// jsonReason says what is wrong with JSON without Go's names for it.
func jsonReason(err error) string {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Sprintf("got a %s at byte %d, want another kind of value", wrong.Value, wrong.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	return err.Error()
}
