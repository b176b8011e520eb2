package tfgraph

import "golang.org/x/sys/cpu"

// HasBFloat16 tells whether the processor multiplies bfloat16 in hardware. Without
// it TensorFlow's kernels are slower in bfloat16 than in float32.
func HasBFloat16() bool {
	on, known := OneDNN()
	return (cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16) && (on || !known)
}
