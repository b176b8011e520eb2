package checkpoint

import (
	"github.com/wamuir/graft/tensorflow/core/framework/variable_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"github.com/wamuir/graft/tensorflow/op"
)

// Def tells TensorFlow's loaders how to run the saver, and adds the node that they
// expect a save to end in. It may be called once.
func (s *Saver) Def() *pb.SaverDef {
	if s.restore == nil {
		return nil // the scope has failed
	}
	path := op.Identity(s.scope.WithControlDependencies(s.save), s.prefix)
	if s.scope.Err() != nil {
		return nil
	}
	return &pb.SaverDef{
		FilenameTensorName: s.prefix.Op.Name() + ":0",
		SaveTensorName:     path.Op.Name() + ":0",
		RestoreOpName:      s.restore.Name(),
		Version:            pb.SaverDef_V2,
	}
}

// VariableDefs are the saver's variables as Python's collections have them, from which
// its loader knows a model's variables.
func (s *Saver) VariableDefs() []*variable_go_proto.VariableDef {
	var defs []*variable_go_proto.VariableDef
	for i, assign := range s.assigns {
		v := s.vars[i]
		defs = append(defs, &variable_go_proto.VariableDef{
			VariableName:    v.Handle.Op.Name() + ":0",
			InitializerName: assign.Name(),
			SnapshotName:    v.Value.Op.Name() + ":0",
			IsResource:      true,
			Trainable:       true,
		})
	}
	return defs
}
