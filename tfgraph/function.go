package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
)

// Function turns a serialised GraphDef into a serialised FunctionDef of that name,
// which takes inputs and gives outputs; graft has no way to put one into a graph.
func Function(graphDef []byte, name string, inputs, outputs []tf.Output) ([]byte, error) {
	st := newStatus()
	defer st.delete()
	body := &Session{graph: C.TF_NewGraph()}
	defer C.TF_DeleteGraph(body.graph)
	if err := body.importGraph(graphDef, CPU, st); err != nil {
		return nil, err
	}
	ins, err := body.outputs(inputs)
	if err != nil {
		return nil, err
	}
	outs, err := body.outputs(outputs)
	if err != nil {
		return nil, err
	}
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	const all = -1 // operations
	f := C.TF_GraphToFunction(body.graph, cname, 0, all, nil, C.int(len(ins)), unsafe.SliceData(ins),
		C.int(len(outs)), unsafe.SliceData(outs), nil, nil, nil, st.c)
	if err := st.err("make function"); err != nil {
		return nil, err
	}
	defer C.TF_DeleteFunction(f)
	buf := C.TF_NewBuffer()
	defer C.TF_DeleteBuffer(buf)
	C.TF_FunctionToFunctionDef(f, buf, st.c)
	return C.GoBytes(buf.data, C.int(buf.length)), st.err("write function")
}

func (s *Session) outputs(of []tf.Output) ([]C.TF_Output, error) {
	c := newCall(s, 0, len(of), 0)
	for _, o := range of {
		p, err := placeOf(o)
		if err != nil {
			return nil, err
		}
		if err := c.fetch(p); err != nil {
			return nil, err
		}
	}
	return c.outputs, nil
}

// OpList is the serialised OpList of every operation that the library knows.
func OpList() []byte {
	buf := C.TF_GetAllOpList()
	defer C.TF_DeleteBuffer(buf)
	return C.GoBytes(buf.data, C.int(buf.length))
}
