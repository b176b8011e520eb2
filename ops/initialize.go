package ops

import (
	"hash/fnv"
	"math"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// GlorotNormal adds the node that initializes weights [.., in, out] from a normal distribution truncated at two
// standard deviations, with variance 2/(fanIn+fanOut) (Glorot & Bengio 2010, eq. 12, with the mean of both fans; Keras'
// glorot_normal). The values are a pure function of seed and the variable's name.
func GlorotNormal(root *op.Scope, v Variable, seed int64) *tf.Operation {
	s := root.SubScope(v.Name + "/glorot_normal")
	key := []int64{seed, int64(nameHash(v.Name))}
	normal := op.StatelessTruncatedNormal(s, tfgraph.Const(s, "shape", v.Shape), tfgraph.Const(s, "seed", key))
	return Assign(s, v, op.Mul(s, normal, tfgraph.Const(s, "deviation", glorotDeviation(v.Shape))))
}

// Zeros adds the node that sets v to zero.
func Zeros(root *op.Scope, v Variable) *tf.Operation {
	s := root.SubScope(v.Name + "/zeros")
	return Assign(s, v, op.Fill(s, tfgraph.Const(s, "shape", v.Shape), tfgraph.Const(s, "zero", float32(0))))
}

// AssignFed adds a placeholder and the node that assigns it to v.
func AssignFed(root *op.Scope, v Variable) (value tf.Output, assign *tf.Operation) {
	s := root.SubScope(v.Name + "/fed")
	value = tfgraph.Placeholder(s, "value", tf.Float, tf.MakeShape(v.Shape...))
	return value, Assign(s, v, value)
}

// glorotDeviation is the standard deviation before truncation: truncating a
// normal distribution at two deviations leaves 0.8796 of its deviation.
func glorotDeviation(shape []int64) float32 {
	const remaining = 0.87962566103423978
	in, out := int64(1), shape[len(shape)-1]
	for _, d := range shape[:len(shape)-1] {
		in *= d
	}
	for _, d := range shape[:max(len(shape)-2, 0)] {
		out *= d
	}
	return float32(math.Sqrt(2/float64(in+out)) / remaining)
}

func nameHash(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}
