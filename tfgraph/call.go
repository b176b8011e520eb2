package tfgraph

// #include "tensorflow/c/c_api.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
)

// call gathers the C arrays of one TF_SessionRun and keeps the fed tensors
// from being closed until it is released.
type call struct {
	session *Session
	inputs  []C.TF_Output
	values  []*C.TF_Tensor
	fed     []*Tensor
	outputs []C.TF_Output
	targets []*C.TF_Operation
}

func newCall(s *Session, feeds, fetches, targets int) *call {
	return &call{
		session: s,
		inputs:  make([]C.TF_Output, 0, feeds),
		values:  make([]*C.TF_Tensor, 0, feeds),
		fed:     make([]*Tensor, 0, feeds),
		outputs: make([]C.TF_Output, 0, fetches),
		targets: make([]*C.TF_Operation, 0, targets),
	}
}

// place is an output by the name of its operation.
type place struct {
	name  string
	index int
}

func placeOf(o tf.Output) (place, error) {
	if o.Op == nil {
		return place{}, errors.New("run session: got an output of no operation, want one of the graph")
	}
	return place{o.Op.Name(), o.Index}, nil
}

func (c *call) output(p place) (C.TF_Output, error) {
	op, err := c.session.operation(p.name)
	if err != nil {
		return C.TF_Output{}, err
	}
	return C.TF_Output{oper: op, index: C.int(p.index)}, nil
}

func (c *call) feed(p place, t *Tensor) error {
	in, err := c.output(p)
	if err != nil {
		return err
	}
	if t == nil {
		return fmt.Errorf("run session: feed %q: got no tensor", p.name)
	}
	// Only Close locks for writing. To wait for it here, with other tensors of
	// this run held already, could be to wait for ever.
	if !t.mu.TryRLock() {
		return fmt.Errorf("run session: feed %q: tensor %w", p.name, ErrClosed)
	}
	c.fed = append(c.fed, t)
	if t.c == nil {
		return fmt.Errorf("run session: feed %q: tensor %w", p.name, ErrClosed)
	}
	c.inputs = append(c.inputs, in)
	c.values = append(c.values, t.c)
	return nil
}

func (c *call) fetch(p place) error {
	out, err := c.output(p)
	c.outputs = append(c.outputs, out)
	return err
}

func (c *call) target(op *tf.Operation) error {
	if op == nil {
		return errors.New("run session: got no target operation")
	}
	o, err := c.session.operation(op.Name())
	c.targets = append(c.targets, o)
	return err
}

func (c *call) release() {
	for _, t := range c.fed {
		t.mu.RUnlock()
	}
}

func (c *call) run(ctx context.Context, trace *[]byte) ([]*Tensor, error) {
	options, err := c.session.runOptions(ctx, trace != nil)
	if err != nil {
		return nil, fmt.Errorf("encode run options: %w", err)
	}
	var runOptions *C.TF_Buffer
	if options != nil {
		runOptions = C.TF_NewBufferFromString(unsafe.Pointer(unsafe.SliceData(options)), C.size_t(len(options)))
		defer C.TF_DeleteBuffer(runOptions)
	}
	var metadata *C.TF_Buffer
	if trace != nil {
		metadata = C.TF_NewBuffer()
		defer C.TF_DeleteBuffer(metadata)
	}
	st := newStatus()
	defer st.delete()
	results := make([]*C.TF_Tensor, len(c.outputs))
	C.TF_SessionRun(c.session.c, runOptions,
		unsafe.SliceData(c.inputs), unsafe.SliceData(c.values), C.int(len(c.inputs)),
		unsafe.SliceData(c.outputs), unsafe.SliceData(results), C.int(len(results)),
		unsafe.SliceData(c.targets), C.int(len(c.targets)), metadata, st.c)
	if err := st.err("run session"); err != nil {
		return nil, withCause(ctx, err)
	}
	if trace != nil {
		*trace = C.GoBytes(metadata.data, C.int(metadata.length))
	}
	tensors := make([]*Tensor, len(results))
	for i, r := range results {
		tensors[i] = adopt(r)
	}
	return tensors, nil
}

// withCause adds the context's own error to a timeout that its deadline
// brought about.
func withCause(ctx context.Context, err error) error {
	var tfErr *Error
	deadline, ok := ctx.Deadline()
	if !ok || time.Now().Before(deadline) || !errors.As(err, &tfErr) || tfErr.Code != DeadlineExceeded {
		return err
	}
	<-ctx.Done() // its timer is due, and may lag behind TensorFlow's
	return fmt.Errorf("%w: %w", context.Cause(ctx), err)
}
