package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
)

// Function converts a serialized GraphDef to a serialized FunctionDef with the
// given name, inputs and outputs. graft cannot add functions to a graph.
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
		n, err := nameOf(o)
		if err != nil {
			return nil, err
		}
		if err := c.fetch(n); err != nil {
			return nil, err
		}
	}
	return c.outputs, nil
}

// OpList returns the serialized OpList of all operations that the library registers.
func OpList() []byte {
	buf := C.TF_GetAllOpList()
	defer C.TF_DeleteBuffer(buf)
	return C.GoBytes(buf.data, C.int(buf.length))
}
