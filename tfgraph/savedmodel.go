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

// LoadSavedModel has TensorFlow's own loader bring the part of the SavedModel in
// dir that is tagged serve, with its variables, into a session. Its graph may do
// whatever TensorFlow can, so dir has to be trusted. meta is the serialised
// MetaGraphDef, which names what to feed and to fetch by [Session.RunNamed].
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

// RunNamed is Run by the names of tensors, "probabilities:0", for a graph that
// was not built here.
func (s *Session) RunNamed(ctx context.Context, feeds map[string]*Tensor, fetches ...string) ([]*Tensor, error) {
	given := make(map[place]*Tensor, len(feeds))
	for name, tensor := range feeds {
		p, err := parsePlace(name)
		if err != nil {
			return nil, err
		}
		given[p] = tensor
	}
	asked := make([]place, len(fetches))
	for i, name := range fetches {
		var err error
		if asked[i], err = parsePlace(name); err != nil {
			return nil, err
		}
	}
	return s.run(ctx, nil, given, asked, nil)
}

func parsePlace(name string) (place, error) {
	operation, number, _ := strings.Cut(name, ":")
	index, err := strconv.ParseUint(number, 10, 16)
	if err != nil || operation == "" {
		return place{}, fmt.Errorf("run session: got tensor %q, want a name such as %q", name, "logits:0")
	}
	return place{operation, int(index)}, nil
}
