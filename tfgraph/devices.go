package tfgraph

// #include "tensorflow/c/c_api.h"
import "C"

import (
	"strings"
	"sync"

	"github.com/wamuir/graft/tensorflow/op"
)

// Devices are what TensorFlow can compute on in this process: the CPU, then GPUs
// in their order. Only the first call looks, which with GPUs takes a second.
func Devices() ([]Device, error) { return devices() }

var devices = sync.OnceValues(func() ([]Device, error) {
	root := op.NewScope()
	Const(root, "one", float32(1))
	def, err := GraphDef(root)
	if err != nil {
		return nil, err
	}
	session, err := Open(def, Options{})
	if err != nil {
		return nil, err
	}
	defer session.Close()
	return session.devices()
})

func (s *Session) devices() ([]Device, error) {
	st := newStatus()
	defer st.delete()
	list := C.TF_SessionListDevices(s.c, st.c)
	if err := st.err("list devices"); err != nil {
		return nil, err
	}
	defer C.TF_DeleteDeviceList(list)
	var found []Device
	for i := range C.TF_DeviceListCount(list) {
		name := C.GoString(C.TF_DeviceListName(list, i, st.c))
		if err := st.err("list devices"); err != nil {
			return nil, err
		}
		if d, ok := deviceNamed(name); ok {
			found = append(found, d)
		}
	}
	return found, nil
}

// deviceNamed reads names such as /job:localhost/replica:0/task:0/device:GPU:0.
// Others, such as XLA_GPU, are not ours to compute on.
func deviceNamed(name string) (Device, bool) {
	_, kind, _ := strings.Cut(name, "/device:")
	switch d := Device(strings.ToLower(kind)); {
	case d == "cpu:0":
		return CPU, true
	case strings.HasPrefix(string(d), "gpu:"):
		return d, true
	}
	return "", false
}
