package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unsafe"
)

// LoadSavedModel loads the meta graph tagged "serve" of the SavedModel in dir,
// with its variables, through TensorFlow's own loader. Load only trusted models:
// a graph can run any TensorFlow operation. meta is the serialized MetaGraphDef,
// which names the tensors to feed and fetch through [Session.RunNamed].
func LoadSavedModel(dir string, options Options) (s *Session, meta []byte, err error) {
	st := newStatus()
	defer st.delete()
	opts, err := options.session(st)
	if err != nil {
		return nil, nil, err
	}
	defer C.TF_DeleteSessionOptions(opts)
	path, tag := C.CString(dir), C.CString("serve")
	defer C.free(unsafe.Pointer(path))
	defer C.free(unsafe.Pointer(tag))
	buf := C.TF_NewBuffer()
	defer C.TF_DeleteBuffer(buf)
	s = &Session{graph: C.TF_NewGraph(), inline: options.Inline}
	s.c = C.TF_LoadSessionFromSavedModel(opts, nil, path, &tag, 1, s.graph, buf, st.c)
	if err := st.err("load SavedModel"); err != nil {
		C.TF_DeleteGraph(s.graph)
		return nil, nil, err
	}
	return s, C.GoBytes(buf.data, C.int(buf.length)), nil
}

// RunNamed is Run with tensor names such as "probabilities:0", for a graph that
// was not built in this process.
func (s *Session) RunNamed(ctx context.Context, feeds map[string]*Tensor, fetches ...string) ([]*Tensor, error) {
	fed := make(map[tensorName]*Tensor, len(feeds))
	for name, tensor := range feeds {
		n, err := parseTensorName(name)
		if err != nil {
			return nil, err
		}
		fed[n] = tensor
	}
	fetched := make([]tensorName, len(fetches))
	for i, name := range fetches {
		var err error
		if fetched[i], err = parseTensorName(name); err != nil {
			return nil, err
		}
	}
	return s.run(ctx, nil, fed, fetched, nil)
}

func parseTensorName(name string) (tensorName, error) {
	operation, number, _ := strings.Cut(name, ":")
	index, err := strconv.ParseUint(number, 10, 16)
	if err != nil || operation == "" {
		return tensorName{}, fmt.Errorf("run session: got tensor %q, want a name such as %q", name, "logits:0")
	}
	return tensorName{operation, int(index)}, nil
}
