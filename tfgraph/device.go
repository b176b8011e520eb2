package tfgraph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Device is where a session computes: "auto", "cpu", or "gpu:0" and so on, as
// TensorFlow numbers those that CUDA_VISIBLE_DEVICES leaves it.
type Device string

// AutoDevice, which the zero value is too, takes the first GPU that TensorFlow
// sees, or else the CPU.
const (
	AutoDevice Device = "auto"
	CPU        Device = "cpu"
)

// Validate refuses what is no Device's name. Whether the machine has it is
// [Device.Resolve]'s to say.
func (d Device) Validate() error {
	if d == "" || d == AutoDevice || d == CPU {
		return nil
	}
	text, ok := strings.CutPrefix(string(d), "gpu:")
	if n, err := strconv.ParseUint(text, 10, 8); !ok || err != nil || strconv.FormatUint(n, 10) != text {
		return fmt.Errorf("device: got %q, want auto, cpu or gpu:0, gpu:1, …", string(d))
	}
	return nil
}

// UnmarshalText takes a name that [Device.Validate] allows.
func (d *Device) UnmarshalText(text []byte) error {
	if err := Device(text).Validate(); err != nil {
		return err
	}
	*d = Device(text)
	return nil
}

// MarshalText gives the name.
func (d Device) MarshalText() ([]byte, error) { return []byte(d), nil }

// Resolve gives the CPU or the GPU that a session with d computes on. Where it is
// not the one that d names, note says so, for the user.
func (d Device) Resolve() (use Device, note string, err error) {
	if d == CPU {
		return CPU, "", nil
	}
	found, err := Devices()
	if err != nil {
		return CPU, "", err
	}
	use, note = d.among(found)
	return use, note, nil
}

func (d Device) among(found []Device) (use Device, note string) {
	switch {
	case slices.Contains(found, d):
		return d, ""
	case d == "" || d == AutoDevice:
		if i := slices.IndexFunc(found, func(f Device) bool { return f != CPU }); i >= 0 {
			return found[i], ""
		}
		return CPU, ""
	}
	return CPU, fmt.Sprintf("there is no %s: TensorFlow found %s and computes on the CPU", d, DeviceList(found))
}

// DeviceList names devices for people: "cpu, gpu:0".
func DeviceList(devices []Device) string {
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = string(d)
	}
	return strings.Join(names, ", ")
}

// node is what TensorFlow calls d where a graph names a device; "" leaves the
// choice to TensorFlow.
func (d Device) node() string {
	if n, ok := strings.CutPrefix(string(d), "gpu:"); ok {
		return "/device:GPU:" + n
	}
	return ""
}
