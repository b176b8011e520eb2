package tfgraph

import (
	"context"
	"slices"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
	"google.golang.org/protobuf/proto"
)

func TestDeviceNames(t *testing.T) {
	for name, valid := range map[string]bool{
		"": true, "auto": true, "cpu": true, "gpu:0": true, "gpu:11": true,
		"gpu": false, "gpu:": false, "gpu:x": false, "gpu:-1": false, "gpu:+1": false, "gpu:01": false, "gpu:999": false, "GPU:0": false,
		"cpu:0": false, "tpu:0": false, " cpu": false,
	} {
		if err := Device(name).Validate(); (err == nil) != valid {
			t.Errorf("%q: got %v, want valid: %t", name, err, valid)
		}
	}
}

func TestDeviceChoose(t *testing.T) {
	alone, two := []Device{CPU}, []Device{CPU, "gpu:0", "gpu:1"}
	for _, c := range []struct {
		asked Device
		found []Device
		want  Device
		noted bool
	}{
		{"", alone, CPU, false},
		{AutoDevice, alone, CPU, false},
		{AutoDevice, two, "gpu:0", false},
		{"gpu:1", two, "gpu:1", false},
		{"gpu:2", two, CPU, true},
		{"gpu:0", alone, CPU, true},
	} {
		if got, note := c.asked.choose(c.found); got != c.want || (note != "") != c.noted {
			t.Errorf("%q among %v: got %q, note %q", c.asked, c.found, got, note)
		}
	}
}

func TestParseDevice(t *testing.T) {
	for name, want := range map[string]Device{
		"/job:localhost/replica:0/task:0/device:CPU:0":     CPU,
		"/job:localhost/replica:0/task:0/device:GPU:1":     "gpu:1",
		"/job:localhost/replica:0/task:0/device:XLA_GPU:0": "",
		"CPU": "",
	} {
		if got, ok := parseDevice(name); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %t, want %q", name, got, ok, want)
		}
	}
}

// Only cpu keeps TensorFlow from initializing GPUs, and GPU memory grows as needed.
func TestDeviceInConfig(t *testing.T) {
	for _, d := range []Device{"", AutoDevice, CPU, "gpu:1"} {
		text, err := Options{Device: d}.config()
		if err != nil {
			t.Fatal(err)
		}
		var config pb.ConfigProto
		if err := proto.Unmarshal(text, &config); err != nil {
			t.Fatal(err)
		}
		gpus, limited := config.DeviceCount["GPU"]
		if limited != (d == CPU) || gpus != 0 || !config.GpuOptions.AllowGrowth {
			t.Errorf("%q: got %v", d, &config)
		}
	}
}

// A graph runs on each available device, and on the CPU for one that is not available.
func TestDeviceComputes(t *testing.T) {
	found, err := Devices()
	if err != nil || !slices.Contains(found, CPU) {
		t.Fatalf("got %v, %v, want a cpu", found, err)
	}
	root := op.NewScope()
	sum := op.Add(root, Const(root, "two", float32(2)), Const(root, "three", float32(3)))
	def, err := GraphDef(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range append(found, AutoDevice, "gpu:200") {
		session, err := Open(def, Options{Device: d})
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		out, err := session.Run(context.Background(), nil, []tf.Output{sum})
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		if got := Data[float32](out[0])[0]; got != 5 {
			t.Errorf("%s: got %g, want 5", d, got)
		}
		CloseAll(out)
		session.Close()
	}
	if _, err := Open(def, Options{Device: "gpu"}); err == nil {
		t.Error("got no error for a device without a number")
	}
}
