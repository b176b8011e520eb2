package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"alexnet/alexnet"
	"alexnet/input"
)

// A message is one line of JSON and the bytes that it announces. The first one to a child is a job, to which it
// responds once it is ready; all others are requests.

// responseFD is the file descriptor that a child responds on: standard output may carry text that libraries print.
const responseFD = 3

// job is the configuration of a child.
type job struct {
	Preprocessing alexnet.Preprocessing `json:"preprocessing"`
	Limits        input.Limits          `json:"limits"`
	Memory        int64                 `json:"memory"` // see Options
	Seconds       float64               `json:"seconds"`
}

// request is followed by the encoded image.
type request struct {
	Size       int          `json:"size"` // bytes that follow
	Format     input.Format `json:"format"`
	Pixels     int64        `json:"pixels"`         // by its header
	Draw       uint64       `json:"draw,omitempty"` // of the augmentation
	WantFloats bool         `json:"want_floats"`    // the pixels, not only the verdict
}

// response is followed by the floats, in their memory layout.
type response struct {
	Reason string `json:"reason,omitempty"` // why the image cannot be used
	Kind   int    `json:"kind,omitempty"`   // the reason's index in kinds, from 1
	Hint   string `json:"hint,omitempty"`
	Floats int    `json:"floats,omitempty"` // that follow

	Warning string `json:"-"` // what the decoder printed about an image that it decoded; filled in by the parent
}

var kinds = []error{input.ErrEmpty, input.ErrFormat, input.ErrDamaged, input.ErrTooLarge}

// responseFor converts an error of package input.
func responseFor(err error) response {
	p := input.ExcludedFor("", err)
	kind := 1 + slices.IndexFunc(kinds, func(k error) bool { return errors.Is(err, k) })
	return response{Reason: p.Reason, Kind: kind, Hint: p.Hint}
}

// error converts the response into an input.Error about the file at path.
func (a response) error(path string) error {
	if a.Reason == "" {
		return nil
	}
	reason := refusal{text: a.Reason}
	if a.Kind >= 1 && a.Kind <= len(kinds) {
		reason.kind = kinds[a.Kind-1]
	}
	return &input.Error{Op: "decode image", Path: path, Err: reason, Hint: a.Hint}
}

// refusal is a reason found in another process.
type refusal struct {
	text string
	kind error
}

func (r refusal) Error() string { return r.text }
func (r refusal) Unwrap() error { return r.kind }

// maxLine bounds a message, of which class names are the longest part.
const maxLine = 16 << 20

func send(w io.Writer, message any, body []byte) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

func receive(r *bufio.Reader, message any) error {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) < maxLine:
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("receive message: got more than %d bytes", maxLine)
		case err != nil:
			return err
		default:
			return json.Unmarshal(line, message)
		}
	}
}
