package finetune

import (
	"fmt"
	"slices"

	"alexnet/alexnet"
	"alexnet/internal/hint"
	"alexnet/tfgraph"
)

// Precision is the number format of layer computations. Variables, optimizer steps and checkpoints are always float32.
type Precision string

// Float32 applies to all layers, BFloat16 to all but the last, which is too small to profit. Auto computes frozen
// layers in bfloat16 if the processor supports it.
const (
	Float32  Precision = "float32"
	BFloat16 Precision = "bfloat16"
	Auto     Precision = "auto"
)

// bfloat16Layers are the layers computed in bfloat16.
func (p Precision) bfloat16Layers(network alexnet.Config, trained []string) ([]string, error) {
	names := network.Architecture().LayerNames()
	last := len(names) - 1 // too small to gain from bfloat16
	switch p {
	case BFloat16:
		if !tfgraph.HasBFloat16() {
			return nil, hint.With(fmt.Errorf("precision %s: not supported by this processor, or oneDNN is disabled", p), "use float32 or auto")
		}
		return names[:last], nil
	case Auto:
		if !tfgraph.HasBFloat16() {
			return nil, nil
		}
		first := slices.IndexFunc(names, func(l string) bool { return slices.Contains(trained, l) })
		return names[:min(max(first, 0), last)], nil
	}
	return nil, nil
}

// arithmeticText describes the number format of the network's layers on this machine.
func arithmeticText(c alexnet.Config) string {
	switch {
	case len(c.BFloat16) == 0:
		return string(Float32)
	case !tfgraph.HasBFloat16():
		return "float32 (no fast bfloat16 on this machine)"
	}
	return fmt.Sprintf("bfloat16 for %v", c.BFloat16)
}
