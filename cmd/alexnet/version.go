package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"alexnet/tfgraph"
)

// version is set while linking.
var version = ""

// versions are the program's versions and the devices that it finds.
type versions struct {
	Alexnet    string           `json:"alexnet"`
	TensorFlow string           `json:"tensorflow"`
	Kernels    string           `json:"kernels"`
	Devices    []tfgraph.Device `json:"devices"`
	Go         string           `json:"go"`
}

func newVersion(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of alexnet and TensorFlow and the available devices",
		Example: "  alexnet version\n  alexnet version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			devices, err := tfgraph.Devices()
			if err != nil {
				return err
			}
			v := versions{ownVersion(), tfgraph.Version(), tfgraph.Kernels(), devices, runtime.Version()}
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(v)
			}
			_, err = fmt.Fprintf(a.stdout, "alexnet %s, TensorFlow %s, kernels %s, devices %s, %s\n",
				v.Alexnet, v.TensorFlow, v.Kernels, tfgraph.DeviceList(v.Devices), v.Go)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func ownVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
