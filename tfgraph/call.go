package tfgraph

// #include "tensorflow/c/c_api.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"
)

// Run feeds tensors, executes what the fetches and targets depend on, and returns
// the fetched tensors in order; the caller closes them. TensorFlow checks the
// dtype of a fed tensor but not the placeholder's shape. A deadline of ctx becomes
// the run's timeout. TensorFlow has no other way to stop a run, so cancellation
// takes effect before a run but not during it.
func (s *Session) Run(ctx context.Context, feeds Feeds, fetches []tf.Output, targets ...*tf.Operation) ([]*Tensor, error) {
	fed, fetched, err := resolve(feeds, fetches, nameOf)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, nil, fed, fetched, targets)
}

// Trace is [Session.Run] that also returns a serialized RunMetadata: start, duration
// and memory of each operation. It is somewhat slower than Run and returns the
// same tensors.
func (s *Session) Trace(ctx context.Context, feeds Feeds, fetches []tf.Output, targets ...*tf.Operation) (out []*Tensor, metadata []byte, err error) {
	fed, fetched, err := resolve(feeds, fetches, nameOf)
	if err != nil {
		return nil, nil, err
	}
	out, err = s.run(ctx, &metadata, fed, fetched, targets)
	return out, metadata, err
}

// RunNamed is Run with tensor names such as "probabilities:0", for a graph that
// was not built in this process.
func (s *Session) RunNamed(ctx context.Context, feeds map[string]*Tensor, fetches ...string) ([]*Tensor, error) {
	fed, fetched, err := resolve(feeds, fetches, parseTensorName)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, nil, fed, fetched, nil)
}

// resolve names the tensors to feed and to fetch.
func resolve[K comparable](feeds map[K]*Tensor, fetches []K, name func(K) (tensorName, error)) (fed map[tensorName]*Tensor, fetched []tensorName, err error) {
	fed = make(map[tensorName]*Tensor, len(feeds))
	for key, tensor := range feeds {
		n, err := name(key)
		if err != nil {
			return nil, nil, err
		}
		fed[n] = tensor
	}
	fetched = make([]tensorName, len(fetches))
	for i, key := range fetches {
		if fetched[i], err = name(key); err != nil {
			return nil, nil, err
		}
	}
	return fed, fetched, nil
}

// run stores the run's metadata in trace unless that is nil.
func (s *Session) run(ctx context.Context, trace *[]byte, feeds map[tensorName]*Tensor, fetches []tensorName, targets []*tf.Operation) ([]*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.c == nil {
		return nil, fmt.Errorf("run session: %w", ErrClosed)
	}
	call := &call{session: s}
	defer call.release()
	for n, tensor := range feeds {
		if err := call.feed(n, tensor); err != nil {
			return nil, err
		}
	}
	if err := call.fetch(fetches); err != nil {
		return nil, err
	}
	for _, op := range targets {
		if err := call.target(op); err != nil {
			return nil, err
		}
	}
	return call.run(ctx, trace)
}

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

func parseTensorName(name string) (tensorName, error) {
	operation, number, _ := strings.Cut(name, ":")
	index, err := strconv.ParseUint(number, 10, 16)
	if err != nil || operation == "" {
		return tensorName{}, fmt.Errorf("run session: got tensor %q, want a name such as %q", name, "logits:0")
	}
	return tensorName{operation, int(index)}, nil
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

func (c *call) fetch(names []tensorName) error {
	for _, n := range names {
		out, err := c.output(n)
		if err != nil {
			return err
		}
		c.outputs = append(c.outputs, out)
	}
	return nil
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

// runOptions returns the serialized RunOptions of one run, nil for the defaults.
// The timeout is rounded up to whole milliseconds so that it never ends before
// ctx's deadline.
func (s *Session) runOptions(ctx context.Context, traced bool) ([]byte, error) {
	var options pb.RunOptions
	if s.inline {
		options.InterOpThreadPool = -1
	}
	deadline, ok := ctx.Deadline()
	if ok {
		options.TimeoutInMs = max(time.Until(deadline).Milliseconds()+1, 1)
	}
	if traced {
		options.TraceLevel = pb.RunOptions_FULL_TRACE
	}
	if !ok && !s.inline && !traced {
		return nil, nil
	}
	return proto.Marshal(&options)
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
