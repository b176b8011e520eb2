package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"
)

// Options configure a Session; the zero value lets TensorFlow use every core.
type Options struct {
	// IntraOp and InterOp are the sizes of TensorFlow's two thread pools. The
	// pools belong to the process: the first session that opens fixes them.
	IntraOp, InterOp int
	// Inline has each run execute on the goroutine that calls it instead of the
	// inter-op pool: for many small runs beside a large one.
	Inline bool
	// Device is what the graph's nodes are computed on where they can be. A GPU's
	// memory is taken as it is needed, not all at once.
	Device Device
}

func (o Options) config() ([]byte, error) {
	config := &pb.ConfigProto{
		IntraOpParallelismThreads: int32(o.IntraOp),
		InterOpParallelismThreads: int32(o.InterOp),
		AllowSoftPlacement:        true,
		GpuOptions:                &pb.GPUOptions{AllowGrowth: true},
	}
	if o.Device == CPU {
		config.DeviceCount = map[string]int32{"GPU": 0}
	}
	return proto.Marshal(config)
}

// Session holds an imported graph and the state of its variables.
type Session struct {
	mu     sync.RWMutex // held for reading by each run, for writing by Close
	c      *C.TF_Session
	graph  *C.TF_Graph
	ops    sync.Map // operation name → *C.TF_Operation
	inline bool
}

// Feeds gives the values of outputs, placeholders or not, for one run. The
// session borrows the tensors until Run returns.
type Feeds map[tf.Output]*Tensor

// Open imports a serialised GraphDef and starts a session on it.
func Open(graphDef []byte, options Options) (*Session, error) {
	if err := options.Device.Validate(); err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	st := newStatus()
	defer st.delete()
	s := &Session{graph: C.TF_NewGraph(), inline: options.Inline}
	if err := s.importGraph(graphDef, options.Device, st); err != nil {
		C.TF_DeleteGraph(s.graph)
		return nil, err
	}
	opts, err := options.session(st)
	if err != nil {
		C.TF_DeleteGraph(s.graph)
		return nil, err
	}
	defer C.TF_DeleteSessionOptions(opts)
	s.c = C.TF_NewSession(s.graph, opts, st.c)
	if err := st.err("open session"); err != nil {
		C.TF_DeleteGraph(s.graph)
		return nil, err
	}
	return s, nil
}

// session gives the options in TensorFlow's form; the caller deletes them.
func (o Options) session(st status) (*C.TF_SessionOptions, error) {
	config, err := o.config()
	if err != nil {
		return nil, fmt.Errorf("encode session options: %w", err)
	}
	opts := C.TF_NewSessionOptions()
	C.TF_SetConfig(opts, unsafe.Pointer(unsafe.SliceData(config)), C.size_t(len(config)), st.c)
	if err := st.err("set session options"); err != nil {
		C.TF_DeleteSessionOptions(opts)
		return nil, err
	}
	return opts, nil
}

func (s *Session) importGraph(graphDef []byte, device Device, st status) error {
	buf := C.TF_NewBufferFromString(unsafe.Pointer(unsafe.SliceData(graphDef)), C.size_t(len(graphDef)))
	defer C.TF_DeleteBuffer(buf)
	opts := C.TF_NewImportGraphDefOptions()
	defer C.TF_DeleteImportGraphDefOptions(opts)
	if node := device.node(); node != "" {
		name := C.CString(node)
		defer C.free(unsafe.Pointer(name))
		C.TF_ImportGraphDefOptionsSetDefaultDevice(opts, name)
	}
	C.TF_GraphImportGraphDef(s.graph, buf, opts, st.c)
	return st.err("import graph")
}

// Run feeds, executes whatever the fetches and targets need, and returns the
// fetched tensors in order; the caller closes them. TensorFlow checks the dtype
// of what is fed but not the placeholder's shape. A deadline of ctx becomes
// the run's timeout; TensorFlow offers no other way to stop a run, so a mere
// cancellation is seen before a run and not during it.
func (s *Session) Run(ctx context.Context, feeds Feeds, fetches []tf.Output, targets ...*tf.Operation) ([]*Tensor, error) {
	given, asked, err := places(feeds, fetches)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, nil, given, asked, targets)
}

// places names what is fed and fetched.
func places(feeds Feeds, fetches []tf.Output) (given map[place]*Tensor, asked []place, err error) {
	given = make(map[place]*Tensor, len(feeds))
	for output, tensor := range feeds {
		p, err := placeOf(output)
		if err != nil {
			return nil, nil, err
		}
		given[p] = tensor
	}
	asked = make([]place, len(fetches))
	for i, output := range fetches {
		if asked[i], err = placeOf(output); err != nil {
			return nil, nil, err
		}
	}
	return given, asked, nil
}

// run leaves in trace, if there is one, what each operation took.
func (s *Session) run(ctx context.Context, trace *[]byte, feeds map[place]*Tensor, fetches []place, targets []*tf.Operation) ([]*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.c == nil {
		return nil, fmt.Errorf("run session: %w", ErrClosed)
	}
	call := newCall(s, len(feeds), len(fetches), len(targets))
	defer call.release()
	for p, tensor := range feeds {
		if err := call.feed(p, tensor); err != nil {
			return nil, err
		}
	}
	for _, p := range fetches {
		if err := call.fetch(p); err != nil {
			return nil, err
		}
	}
	for _, op := range targets {
		if err := call.target(op); err != nil {
			return nil, err
		}
	}
	return call.run(ctx, trace)
}

// operation finds an operation of the imported graph by the name it was built
// under.
func (s *Session) operation(name string) (*C.TF_Operation, error) {
	if op, ok := s.ops.Load(name); ok {
		return op.(*C.TF_Operation), nil
	}
	var op *C.TF_Operation
	if !strings.ContainsRune(name, 0) { // which would end the name in C
		cname := C.CString(name)
		defer C.free(unsafe.Pointer(cname))
		op = C.TF_GraphOperationByName(s.graph, cname)
	}
	if op == nil {
		return nil, &Error{Op: "run session", Code: NotFound, Message: fmt.Sprintf("operation %q is not in this session's graph", name)}
	}
	s.ops.Store(name, op)
	return op, nil
}

// Close waits for running calls, then frees the session, its variables and its
// graph.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		return nil
	}
	st := newStatus()
	defer st.delete()
	C.TF_CloseSession(s.c, st.c)
	err := st.err("close session")
	C.TF_DeleteSession(s.c, st.c)
	if err == nil {
		err = st.err("delete session")
	}
	C.TF_DeleteGraph(s.graph)
	s.c, s.graph = nil, nil
	return err
}

// runOptions are the serialised RunOptions of one run, nil where the defaults
// do. Whole milliseconds are rounded up, never to end before ctx's deadline.
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
