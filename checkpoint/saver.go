package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/core/framework/variable_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/internal/atomicfile"
	"alexnet/internal/bundle"
	"alexnet/ops"
	"alexnet/tfgraph"
)

// Saver holds the nodes of a graph that save variables to a V2 bundle and restore them.
type Saver struct {
	scope         *op.Scope
	prefix        tf.Output
	save, restore *tf.Operation
	vars          []ops.Variable
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
	restored := op.RestoreV2(s, saver.prefix, tensorNames, tfgraph.Const(s, "shapes", specs), dtypes)
	if root.Err() != nil {
		return saver
	}
	saver.assigns = make([]*tf.Operation, len(vars))
	for i, v := range vars {
		a := s.SubScope("assign/" + v.Name)
		saver.assigns[i] = ops.Assign(a, v, op.EnsureShape(a, restored[i], tf.MakeShape(v.Shape...)))
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
	if err := s.run(ctx, session, prefix, s.save, values); err != nil {
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
// error that names it.
func (s *Saver) Restore(ctx context.Context, session *tfgraph.Session, prefix string) error {
	return restoreError(prefix, s.run(ctx, session, prefix, s.restore, nil))
}

// restoreError adds the checkpoint's name to an error of TensorFlow or of package bundle, and wraps ErrDamaged if the
// checkpoint is damaged.
func restoreError(prefix string, err error) error {
	if err == nil {
		return nil
	}
	var format *bundle.FormatError
	var tfErr *tfgraph.Error
	damaged := errors.As(err, &format) || errors.Is(err, io.ErrUnexpectedEOF)
	if errors.As(err, &tfErr) {
		// RestoreV2 returns OutOfRange for a truncated data file.
		damaged = tfErr.Code == tfgraph.DataLoss || tfErr.Code == tfgraph.OutOfRange
	}
	if damaged {
		return fmt.Errorf("restore checkpoint %q: %w: %w", prefix, ErrDamaged, err)
	}
	return fmt.Errorf("restore checkpoint %q: %w", prefix, err)
}

func (s *Saver) run(ctx context.Context, session *tfgraph.Session, prefix string, target *tf.Operation, values tfgraph.Feeds) error {
	name, err := tfgraph.Strings([]string{prefix})
	if err != nil {
		return err
	}
	defer name.Close()
	feeds := tfgraph.Feeds{s.prefix: name}
	maps.Copy(feeds, values)
	_, err = session.Run(ctx, feeds, nil, target)
	return err
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
