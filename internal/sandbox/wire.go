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
	"alexnet/internal/hint"
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
	Header     input.Header `json:"header"`
	Prepared   bool         `json:"prepared,omitempty"` // by input.Prepare; else the child does that
	Draw       uint64       `json:"draw,omitempty"`     // of the augmentation
	WantFloats bool         `json:"want_floats"`        // the pixels, not only the verdict
}

// pixels is the number of pixels by the header, 0 if it is unknown.
func (q request) pixels() int64 { return int64(q.Header.Width) * int64(q.Header.Height) }

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
	return &input.Error{Op: "decode image", Path: path, Err: a.refusal(), Hint: a.Hint}
}

// reason is why the image cannot be used, with the hint, or nil.
func (a response) reason() error {
	if a.Reason == "" {
		return nil
	}
	return hint.With(a.refusal(), a.Hint)
}

func (a response) refusal() error {
	reason := refusal{text: a.Reason}
	if a.Kind >= 1 && a.Kind <= len(kinds) {
		reason.kind = kinds[a.Kind-1]
	}
	return reason
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
