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

// call holds the C arrays of one TF_SessionRun and prevents the fed tensors from
// being closed until it is released.
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

// tensorName is an output of an operation, "op:index".
type tensorName struct {
	op    string
	index int
}

func nameOf(o tf.Output) (tensorName, error) {
	if o.Op == nil {
		return tensorName{}, errors.New("run session: got an output without an operation, want one of the graph")
	}
	return tensorName{o.Op.Name(), o.Index}, nil
}

func (c *call) output(n tensorName) (C.TF_Output, error) {
	op, err := c.session.operation(n.op)
	if err != nil {
		return C.TF_Output{}, err
	}
	return C.TF_Output{oper: op, index: C.int(n.index)}, nil
}

func (c *call) feed(n tensorName, t *Tensor) error {
	in, err := c.output(n)
	if err != nil {
		return err
	}
	if t == nil {
		return fmt.Errorf("run session: feed %q: got a nil tensor", n.op)
	}
	// Only Close locks for writing. Waiting for it here, while this run holds
	// other tensors, could deadlock.
	if !t.mu.TryRLock() {
		return fmt.Errorf("run session: feed %q: tensor %w", n.op, ErrClosed)
	}
	c.fed = append(c.fed, t)
	if t.c == nil {
		return fmt.Errorf("run session: feed %q: tensor %w", n.op, ErrClosed)
	}
	c.inputs = append(c.inputs, in)
	c.values = append(c.values, t.c)
	return nil
}

func (c *call) fetch(n tensorName) error {
	out, err := c.output(n)
	c.outputs = append(c.outputs, out)
	return err
}

func (c *call) target(op *tf.Operation) error {
	if op == nil {
		return errors.New("run session: got a nil target operation")
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

// withCause adds the context's error to a timeout that its deadline caused.
func withCause(ctx context.Context, err error) error {
	var tfErr *Error
	deadline, ok := ctx.Deadline()
	if !ok || time.Now().Before(deadline) || !errors.As(err, &tfErr) || tfErr.Code != deadlineExceeded {
		return err
	}
	<-ctx.Done() // its timer may lag behind TensorFlow's
	return fmt.Errorf("%w: %w", context.Cause(ctx), err)
}
