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

// What passes through the pipes is one line of JSON a message and the bytes
// that it announces. The first message to a child is a job, to which it answers
// when it is ready; all others are questions.

// answers is the file on which a child answers: what libraries print to
// standard output must not get between.
const responseFD = 3

// job is what a child does as long as it lives.
type job struct {
	Preprocessing alexnet.Preprocessing `json:"contract"`
	Limits        input.Limits          `json:"limits"`
	Memory        int64                 `json:"memory"` // see Options
	Seconds       float64               `json:"seconds"`
}

// question is followed by the encoded image.
type request struct {
	Size       int          `json:"size"` // bytes that follow
	Format     input.Format `json:"format"`
	Pixels     int64        `json:"pixels"` // that the header announces
	Flipped    bool         `json:"mirrored,omitempty"`
	WantFloats bool         `json:"give"` // the floats, not only whether there are any
}

// answer is followed by the floats, as they stand in memory.
type response struct {
	Reason string `json:"refused,omitempty"` // why the image cannot be used
	Kind   int    `json:"kind,omitempty"`    // the reason's place in kinds, from 1
	Hint   string `json:"hint,omitempty"`
	Floats int    `json:"floats,omitempty"` // that follow
}

var kinds = []error{input.ErrEmpty, input.ErrFormat, input.ErrDamaged, input.ErrTooLarge}

// refuse puts an error of input into an answer.
func responseFor(err error) response {
	p := input.ExcludedFor("", err)
	kind := 1 + slices.IndexFunc(kinds, func(k error) bool { return errors.Is(err, k) })
	return response{Reason: p.Reason, Kind: kind, Hint: p.Hint}
}

// error is the answer as an error of input about the file at path.
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

// refusal is a reason that was found elsewhere.
type refusal struct {
	text string
	kind error
}

func (r refusal) Error() string { return r.text }
func (r refusal) Unwrap() error { return r.kind }

// maxLine bounds a message: class names are the longest part of one.
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
