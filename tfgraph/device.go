package tfgraph

// #include "tensorflow/c/c_api.h"
import "C"

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"alexnet/internal/display"
)

// Device is where a session computes: "auto", "cpu", or "gpu:0" and so on, as
// TensorFlow numbers the GPUs that CUDA_VISIBLE_DEVICES exposes.
type Device string

// AutoDevice selects the first GPU that TensorFlow finds, or else the CPU. The
// zero value means the same.
const (
	AutoDevice Device = "auto"
	CPU        Device = "cpu"
)

// Validate rejects malformed device names. Use [Device.Resolve] to find out
// whether the machine has the device.
func (d Device) Validate() error {
	if d == "" || d == AutoDevice || d == CPU {
		return nil
	}
	text, ok := strings.CutPrefix(string(d), "gpu:")
	if n, err := strconv.ParseUint(text, 10, 8); !ok || err != nil || strconv.FormatUint(n, 10) != text {
		return fmt.Errorf("got %q, want auto, cpu or gpu:0, gpu:1, …", string(d))
	}
	return nil
}

// Resolve returns the CPU or GPU that a session with d computes on. If it differs
// from the one that d names, note explains that to the user.
func (d Device) Resolve() (use Device, note string, err error) {
	if d == CPU {
		return CPU, "", nil
	}
	available, err := Devices()
	if err != nil {
		return CPU, "", err
	}
	use, note = d.choose(available)
	return use, note, nil
}

func (d Device) choose(available []Device) (use Device, note string) {
	switch {
	case slices.Contains(available, d):
		return d, ""
	case d == "" || d == AutoDevice:
		if i := slices.IndexFunc(available, func(f Device) bool { return f != CPU }); i >= 0 {
			return available[i], ""
		}
		return CPU, ""
	}
	return CPU, fmt.Sprintf("%s not found: computing on the CPU (available devices: %s)", d, display.List(available...))
}

// nodeDevice is d's name in a graph; "" leaves the placement to TensorFlow.
func (d Device) nodeDevice() string {
	if n, ok := strings.CutPrefix(string(d), "gpu:"); ok {
		return "/device:GPU:" + n
	}
	return ""
}

// Devices returns the devices that TensorFlow can use in this process: the CPU,
// then the GPUs in order. Only the first call queries TensorFlow, which takes a
// second if there are GPUs.
func Devices() ([]Device, error) { return devices() }

var devices = sync.OnceValues(func() ([]Device, error) {
	session, _, err := openOne(Options{})
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
	var available []Device
	for i := range C.TF_DeviceListCount(list) {
		name := C.GoString(C.TF_DeviceListName(list, i, st.c))
		if err := st.err("list devices"); err != nil {
			return nil, err
		}
		if d, ok := parseDevice(name); ok {
			available = append(available, d)
		}
	}
	return available, nil
}

// parseDevice parses names such as /job:localhost/replica:0/task:0/device:GPU:0.
// It rejects device types that sessions do not compute on, such as XLA_GPU.
func parseDevice(name string) (Device, bool) {
	_, kind, _ := strings.Cut(name, "/device:")
	switch d := Device(strings.ToLower(kind)); {
	case d == "cpu:0":
		return CPU, true
	case strings.HasPrefix(string(d), "gpu:"):
		return d, true
	}
	return "", false
}
