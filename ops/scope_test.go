package ops_test

import (
	"errors"
	"strings"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/ops"
)

// Calls chain without checks: on a failed scope every function does nothing, and
// the first error is kept.
func TestBuildersOnFailedScope(t *testing.T) {
	var none tf.Output
	for name, build := range map[string]func(s *op.Scope){
		"Conv":         func(s *op.Scope) { ops.Conv(s, none, none, none, 1, 0, 1) },
		"grouped Conv": func(s *op.Scope) { ops.Conv(s, none, none, none, 1, 1, 2) },
		"MaxPool":      func(s *op.Scope) { ops.MaxPool(s, none, 3, 2) },
		"Dense":        func(s *op.Scope) { ops.Dense(s, none, none, none, new(ops.Tape)) },
		"LRN":          func(s *op.Scope) { ops.LRN(s, none, bvlcLRN) },
		"LRNKernel":    func(s *op.Scope) { ops.LRNKernel(s, none, bvlcLRN, new(ops.Tape)) },
		"Dropout":      func(s *op.Scope) { ops.Dropout(s, none, none, none, 1) },
		"CrossEntropy": func(s *op.Scope) { ops.CrossEntropy(s, none, none, 2) },
		"InTopK":       func(s *op.Scope) { ops.InTopK(s, none, none, 1) },
		"GlorotNormal": func(s *op.Scope) { ops.GlorotNormal(s, ops.NewVariable(s, "v", 2, 2), 1) },
		"Zeros":        func(s *op.Scope) { ops.Zeros(s, ops.NewVariable(s, "v", 2)) },
		"AssignFed":    func(s *op.Scope) { ops.AssignFed(s, ops.NewVariable(s, "v", 2)) },
		"Assign":       func(s *op.Scope) { ops.Assign(s, ops.NewVariable(s, "v", 2), none) },
		"Gradients": func(s *op.Scope) {
			tape, v := new(ops.Tape), ops.NewVariable(s, "v", 2)
			tape.Use(v)
			ops.LRNKernel(s, v.Value, bvlcLRN, tape)
			ops.Gradients(s, none, []ops.Variable{v}, tape)
		},
		"NewUpdate": func(s *op.Scope) {
			ops.NewUpdate(s, ops.Adam, []ops.Variable{ops.NewVariable(s, "v", 2)}, []tf.Output{none})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := op.NewScope()
			s.UpdateErr("first", errors.New("the first error"))
			build(s)
			if !strings.Contains(s.Err().Error(), "the first error") {
				t.Errorf("got %v, want the first error", s.Err())
			}
		})
	}
}
