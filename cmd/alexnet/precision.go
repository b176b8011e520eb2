package main

import (
	"errors"
	"fmt"
	"slices"

	"alexnet/alexnet"
	"alexnet/tfgraph"
)

// The values of --precision.
const (
	precisionFloat32  = "float32"
	precisionBFloat16 = "bfloat16"
	precisionAuto     = "auto" // bfloat16 for frozen layers where that is fast
)

// reduced are the layers that a precision computes in bfloat16. fc8 is too small
// to gain from it.
func reduced(precision string, trained []string) ([]string, error) {
	const last = 7 // fc8's index
	switch precision {
	case precisionFloat32:
		return nil, nil
	case precisionBFloat16:
		if !tfgraph.HasBFloat16() {
			return nil, hinted{errors.New("--precision bfloat16: this processor has no instructions for it, or oneDNN is off"), "use float32, or auto"}
		}
		return slices.Clone(alexnet.LayerNames[:last]), nil
	case precisionAuto:
		if !tfgraph.HasBFloat16() {
			return nil, nil
		}
		first := slices.IndexFunc(alexnet.LayerNames, func(l string) bool { return slices.Contains(trained, l) })
		return slices.Clone(alexnet.LayerNames[:min(max(first, 0), last)]), nil
	}
	return nil, fmt.Errorf("--precision: got %q, want auto, float32 or bfloat16", precision)
}

// format says in words how the network's layers are computed on this machine.
func format(c alexnet.Config) string {
	switch {
	case len(c.BFloat16) == 0:
		return precisionFloat32
	case !tfgraph.HasBFloat16():
		return "float32, as this machine has no fast bfloat16"
	}
	return fmt.Sprintf("bfloat16 for %v", c.BFloat16)
}
