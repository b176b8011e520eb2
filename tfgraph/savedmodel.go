package tfgraph

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"unsafe"

	tf "github.com/wamuir/graft/tensorflow"
	"golang.org/x/sys/unix"
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
	dir, release, err := literal(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("load SavedModel: %w", err)
	}
	defer release()
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

// literal returns a path to the folder dir that TensorFlow does not take for a pattern, valid until release is called.
// RestoreV2 looks for the variables with GetMatchingPaths (save_restore_v2_ops.cc), which cannot be escaped, since the
// same path is opened afterwards.
func literal(dir string) (path string, release func(), err error) {
	absolute, err := filepath.Abs(dir)
	if err != nil || !strings.ContainsAny(absolute, `*?[\`) {
		return dir, func() {}, err
	}
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), func() { unix.Close(fd) }, nil
}

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
	_, names, err := resolve(nil, of, nameOf)
	if err != nil {
		return nil, err
	}
	c := &call{session: s}
	err = c.fetch(names)
	return c.outputs, err
}

// OpList returns the serialized OpList of all operations that the library registers.
func OpList() []byte {
	buf := C.TF_GetAllOpList()
	defer C.TF_DeleteBuffer(buf)
	return C.GoBytes(buf.data, C.int(buf.length))
}
