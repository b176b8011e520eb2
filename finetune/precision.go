package finetune

import (
	"fmt"
	"slices"

	"alexnet/alexnet"
	"alexnet/tfgraph"
)

// Precision is the number format that layers are computed in. Variables, updates
// and checkpoints are float32 in any case.
type Precision string

// Float32 computes all layers so, BFloat16 all but fc8, which is too small to
// gain from it. Auto computes frozen layers in bfloat16 where the processor has
// instructions for it.
const (
	Float32  Precision = "float32"
	BFloat16 Precision = "bfloat16"
	Auto     Precision = "auto"
)

// layers are those that p computes in bfloat16.
func (p Precision) bfloat16Layers(trained []string) ([]string, error) {
	const last = 7 // fc8's index
	switch p {
	case BFloat16:
		if !tfgraph.HasBFloat16() {
			return nil, advised{fmt.Errorf("precision %s: this processor has no instructions for it, or oneDNN is off", p), "use float32, or auto"}
		}
		return slices.Clone(alexnet.LayerNames[:last]), nil
	case Auto:
		if !tfgraph.HasBFloat16() {
			return nil, nil
		}
		first := slices.IndexFunc(alexnet.LayerNames, func(l string) bool { return slices.Contains(trained, l) })
		return slices.Clone(alexnet.LayerNames[:min(max(first, 0), last)]), nil
	}
	return nil, nil
}

// arithmetic says in words how the network's layers are computed on this machine.
func arithmeticText(c alexnet.Config) string {
	switch {
	case len(c.BFloat16) == 0:
		return string(Float32)
	case !tfgraph.HasBFloat16():
		return "float32, as this machine has no fast bfloat16"
	}
	return fmt.Sprintf("bfloat16 for %v", c.BFloat16)
}
