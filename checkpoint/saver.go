package checkpoint

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/variable_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/internal/atomicfile"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Saver holds the nodes of a graph that save variables to a V2 bundle and restore them.
type Saver struct {
	scope         *op.Scope
	prefix        tf.Output
	save, restore *tf.Operation
	vars          []ops.Variable
	restored      []tf.Output     // the value of each of vars in a bundle
	assigns       []*tf.Operation // of each of vars
}

// NewSaver adds the nodes for vars below root/save. A bundle may hold more variables than vars; all of vars must be in
// it, with their exact shapes.
func NewSaver(root *op.Scope, vars []ops.Variable) *Saver {
	s := root.SubScope("save")
	saver := &Saver{scope: s, vars: vars, prefix: tfgraph.Placeholder(s, "prefix", tf.String, tf.ScalarShape())}
	var names, specs []string
	var values []tf.Output
	for _, v := range vars {
		names, specs, values = append(names, v.Name), append(specs, fullSliceSpec(v.Shape)), append(values, v.Value)
	}
	whole := make([]string, len(vars)) // empty slice specs: whole tensors
	dtypes := slices.Repeat([]tf.DataType{tf.Float}, len(vars))
	tensorNames := tfgraph.Const(s, "names", names)
	saver.save = op.SaveV2(s, saver.prefix, tensorNames, tfgraph.Const(s, "whole", whole), values)
	saver.restored = op.RestoreV2(s, saver.prefix, tensorNames, tfgraph.Const(s, "shapes", specs), dtypes)
	if root.Err() != nil {
		return saver
	}
	saver.assigns = make([]*tf.Operation, len(vars))
	for i, v := range vars {
		a := s.SubScope("assign/" + v.Name)
		saver.assigns[i] = ops.Assign(a, v, op.EnsureShape(a, saver.restored[i], tf.MakeShape(v.Shape...)))
	}
	saver.restore = op.NoOp(s.SubScope("restore").WithControlDependencies(saver.assigns...))
	return saver
}

// fullSliceSpec is the slice specification of a whole tensor, "4 3 -:-". With it, RestoreV2 refuses a tensor of another
// shape, which it otherwise returns silently.
func fullSliceSpec(shape []int64) string {
	var dims, spans strings.Builder
	for i, d := range shape {
		fmt.Fprintf(&dims, "%d ", d)
		if i > 0 {
			spans.WriteByte(':')
		}
		spans.WriteByte('-')
	}
	return dims.String() + spans.String()
}

// Save writes and syncs the bundle prefix.index and prefix.data-00000-of-00001. It saves the given values, such as
// those of [Load], or those of the session if values is nil.
func (s *Saver) Save(ctx context.Context, session *tfgraph.Session, prefix string, values tfgraph.Feeds) error {
	if err := s.write(ctx, session, prefix, values); err != nil {
		return fmt.Errorf("save checkpoint %q: %w", prefix, err)
	}
	return nil
}

func (s *Saver) write(ctx context.Context, session *tfgraph.Session, prefix string, values tfgraph.Feeds) error {
	name, err := tfgraph.Strings([]string{prefix})
	if err != nil {
		return err
	}
	defer name.Close()
	feeds := tfgraph.Feeds{s.prefix: name}
	maps.Copy(feeds, values)
	if _, err := session.Run(ctx, feeds, nil, s.save); err != nil {
		return err
	}
	for _, path := range bundleFiles(prefix) {
		if err := atomicfile.Sync(path); err != nil {
			return err
		}
	}
	return nil
}

// Restore assigns every variable its value from the bundle. A missing variable, another shape or a damaged file is an
// error that names it, and no variable changes. The values are fed in place of RestoreV2's outputs, because RestoreV2
// takes the prefix for a pattern and does not find a path with *, ?, [ or a backslash (save_restore_v2_ops.cc).
func (s *Saver) Restore(ctx context.Context, session *tfgraph.Session, prefix string) error {
	values, err := load(ctx, prefix, s.vars, s.restored)
	if err != nil {
		return err
	}
	defer values.Close()
	if _, err := session.Run(ctx, values, nil, s.restore); err != nil {
		return fmt.Errorf("restore checkpoint %q: %w", prefix, err)
	}
	return nil
}

func bundleFiles(prefix string) []string {
	return []string{prefix + ".data-00000-of-00001", prefix + ".index"}
}

// Def describes the saver to TensorFlow's loaders. It adds the node that they expect a save to end in, and must be
// called only once.
func (s *Saver) Def() *pb.SaverDef {
	if s.restore == nil {
		return nil // the scope has failed
	}
	path := op.Identity(s.scope.WithControlDependencies(s.save), s.prefix)
	return &pb.SaverDef{
		FilenameTensorName: s.prefix.Op.Name() + ":0",
		SaveTensorName:     path.Op.Name() + ":0",
		RestoreOpName:      s.restore.Name(),
		Version:            pb.SaverDef_V2,
	}
}

// VariableDefs are the variables as entries of Python's variable collections, which its loader reads.
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
