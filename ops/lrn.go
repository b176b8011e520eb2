package ops

import (
	"slices"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/tfgraph"
)

// LRNParams are the constants of local response normalization across channels (Krizhevsky et al. 2012, §3.3).
// TensorFlow's alpha is Caffe's divided by the window's size, 2*Radius+1.
type LRNParams struct {
	Radius            int64
	Bias, Alpha, Beta float32
}

// LRNKernel normalizes x [N,H,W,C] with TensorFlow's LRN kernel. Its gradient in the C++ registry drops every attribute
// and is silently wrong, so each call records a cut on the tape, where [Gradients] applies the true LRNGrad.
func LRNKernel(s *op.Scope, x tf.Output, p LRNParams, tape *Tape) tf.Output {
	y := op.LRN(s, x, op.LRNDepthRadius(p.Radius), op.LRNBias(p.Bias), op.LRNAlpha(p.Alpha), op.LRNBeta(p.Beta))
	tape.cut(x, y, func(s *op.Scope, dy tf.Output) tf.Output {
		return op.LRNGrad(s, dy, x, y, op.LRNGradDepthRadius(p.Radius), op.LRNGradBias(p.Bias),
			op.LRNGradAlpha(p.Alpha), op.LRNGradBeta(p.Beta))
	})
	return y
}

// LRN normalizes x [N,H,W,C], whose C must be known, with other ops: the sum of squares over the window is a product
// with a band matrix, and x / s^0.75 is x * rsqrt(s * sqrt(s)). It is faster than the kernel, and the registry has its
// correct gradient. Only Beta 0.75 has this form; any other fails the scope.
func LRN(s *op.Scope, x tf.Output, p LRNParams) tf.Output {
	if s.Err() != nil {
		return tf.Output{}
	}
	channels := x.Shape().Size(3)
	if p.Beta != 0.75 || channels < 1 {
		fail(s, "LRN", "build LRN: got beta %g over %d channels, want beta 0.75 over a known number of channels", p.Beta, channels)
		return tf.Output{}
	}
	band := Cast(s.SubScope("band"), tfgraph.Const(s, "band", bandMatrix(int(channels), int(p.Radius), p.Alpha)), x.DataType())
	bias := Cast(s.SubScope("bias"), tfgraph.Const(s, "bias", slices.Repeat([]float32{p.Bias}, int(channels))), x.DataType())
	scale := op.BiasAdd(s, op.Conv2D(s, op.Square(s, x), band, []int64{1, 1, 1, 1}, "VALID"), bias)
	return op.Mul(s, x, op.Rsqrt(s, op.Mul(s.SubScope("power"), scale, op.Sqrt(s, scale))))
}

// bandMatrix is the 1x1 filter [1,1,c,c] that sums alpha times the channels within radius.
func bandMatrix(c, radius int, alpha float32) [1][1][][]float32 {
	rows := make([][]float32, c)
	for i := range rows {
		rows[i] = make([]float32, c)
		for j := max(0, i-radius); j <= min(c-1, i+radius); j++ {
			rows[i][j] = alpha
		}
	}
	return [1][1][][]float32{{rows}}
}
