package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// blob is bytes in JSON: {"b64": "…"}.
type blob struct {
	B64 []byte `json:"b64"`
}

// instance is a row: {"b64": "…"} if images are the only input, or all inputs by name.
type instance struct {
	blob
	Images       *blob `json:"images"`
	Orientations *int  `json:"orientations"`
}

// parsePredict parses the body of a predict request with at most maxImages images. It parses token by token, because a
// body of small values would take many times its size if it were decoded at once. Errors quote only the start of a
// value, which may be as long as the body.
func parsePredict(body []byte, maxImages int) (predictRequest, error) {
	p := &parser{Decoder: json.NewDecoder(bytes.NewReader(body)), maxImages: maxImages}
	p.DisallowUnknownFields()
	if err := p.parse(); err != nil {
		var known problem
		if errors.As(err, &known) {
			return predictRequest{}, err
		}
		return predictRequest{}, problem{http.StatusBadRequest, fmt.Errorf("parse JSON: %.200s", jsonError(err))}
	}
	return p.request, nil
}

type parser struct {
	*json.Decoder
	maxImages int // images
	request   predictRequest
}

func (p *parser) parse() error {
	given := 0
	err := p.object(func(key string) (err error) {
		switch key {
		case "signature_name":
			return p.Decode(&p.request.signature)
		case "instances":
			given++
			return p.list(p.instance)
		case "inputs":
			given++
			p.request.columns = true
			return p.inputs()
		}
		return fmt.Errorf("unknown field %.40q, want signature_name, instances or inputs", key)
	})
	if err != nil {
		return err
	}
	if given != 1 {
		return errors.New("want either instances or inputs, once")
	}
	if _, err := p.Token(); err != io.EOF {
		return errors.New("trailing data after the JSON object")
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
		return errors.New("got both b64 and images in an instance, want one of them")
	}
	if i.Orientations != nil {
		p.request.orientations = append(p.request.orientations, *i.Orientations)
	}
	return p.image(i.Images.B64)
}

func (p *parser) image(encoded []byte) error {
	if encoded == nil {
		return errors.New(`got no image, want {"b64": "…"}`)
	}
	p.request.images = append(p.request.images, encoded)
	return nil
}

// inputs parses columns: a list of images, or an object of lists.
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
					p.request.orientations = append(p.request.orientations, o)
					return err
				})
			}
			return fmt.Errorf("unknown input %.40q, want images and orientations", key)
		})
	}
	return errors.New("want inputs to be a list or an object")
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

// members parses an object's members and its end.
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

// items parses a list's items, at most maxImages, and its end.
func (p *parser) items(item func() error) error {
	for n := 0; p.More(); n++ {
		if n == p.maxImages {
			return tooManyImages(p.maxImages)
		}
		if err := item(); err != nil {
			return err
		}
	}
	_, err := p.Token()
	return err
}

// jsonError describes an error without Go's type names.
func jsonError(err error) string {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Sprintf("unexpected %s at byte %d", wrong.Value, wrong.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected end of JSON input"
	}
	return err.Error()
}
