// Package tfgraph runs TensorFlow graphs that were built with graft's op
// builders. Start with [GraphDef], which serializes a finished scope, and [Open],
// which imports the result into a [Session].
//
// It is the only package with cgo apart from internal/tfenv. graft builds the graph;
// this package imports its GraphDef into a TF_Graph of its own and runs it there,
// so that tensors live exactly until they are closed, status codes stay typed, and
// a deadline on the context becomes a timeout of the run. A Session is safe for
// concurrent use. Whoever receives a *Tensor closes it; using a closed Session or
// Tensor is an error, never a crash.
package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"
)

// Options configure a Session; the zero value lets TensorFlow use all cores.
type Options struct {
	// IntraOp and InterOp are the sizes of TensorFlow's two thread pools. The
	// pools are process-wide: the first session sets their sizes.
	IntraOp, InterOp int
	// Inline executes each run on the calling thread instead of the inter-op
	// pool: for many small runs concurrent with a large one.
	Inline bool
	// Device is where the graph's nodes are placed if they have a kernel for it.
	// GPU memory is allocated as needed, not all at once.
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

// Feeds maps outputs, of placeholders or other operations, to their values for
// one run. The session borrows the tensors until Run returns.
type Feeds map[tf.Output]*Tensor

// Close closes the tensors.
func (f Feeds) Close() {
	for _, t := range f {
		t.Close()
	}
}

// Open imports a serialized GraphDef and starts a session on it.
func Open(graphDef []byte, options Options) (*Session, error) {
	if err := options.Device.Validate(); err != nil {
		return nil, fmt.Errorf("open session: device: %w", err)
	}
	st := newStatus()
	defer st.delete()
	opts, err := options.session(st)
	if err != nil {
		return nil, err
	}
	defer C.TF_DeleteSessionOptions(opts)
	s := &Session{graph: C.TF_NewGraph(), inline: options.Inline}
	err = s.importGraph(graphDef, options.Device, st)
	if err == nil {
		s.c = C.TF_NewSession(s.graph, opts, st.c)
		err = st.err("open session")
	}
	if err != nil {
		C.TF_DeleteGraph(s.graph)
		return nil, err
	}
	return s, nil
}

// session converts the options to TensorFlow's; the caller deletes them.
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
	if node := device.nodeDevice(); node != "" {
		name := C.CString(node)
		defer C.free(unsafe.Pointer(name))
		C.TF_ImportGraphDefOptionsSetDefaultDevice(opts, name)
	}
	C.TF_GraphImportGraphDef(s.graph, buf, opts, st.c)
	return st.err("import graph")
}

// operation finds an operation of the imported graph by name.
func (s *Session) operation(name string) (*C.TF_Operation, error) {
	if op, ok := s.ops.Load(name); ok {
		return op.(*C.TF_Operation), nil
	}
	var op *C.TF_Operation
	if !strings.ContainsRune(name, 0) { // a NUL would end the name in C
		cname := C.CString(name)
		defer C.free(unsafe.Pointer(cname))
		op = C.TF_GraphOperationByName(s.graph, cname)
	}
	if op == nil {
		return nil, &Error{Op: "run session", Code: notFound, Message: fmt.Sprintf("operation %q is not in this session's graph", name)}
	}
	s.ops.Store(name, op)
	return op, nil
}

// Close waits for active runs, then frees the session, its variables and its
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
