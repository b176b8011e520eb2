package export

import (
	"context"
	"fmt"

	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/tfgraph"
)

// Loaded is a SavedModel as other programs see it: loaded by TensorFlow and run by
// its signatures. Close frees it.
type Loaded struct {
	session    *tfgraph.Session
	signatures map[string]*pb.SignatureDef
}

// Load runs whatever graph is in dir, see [tfgraph.LoadSavedModel]: it is for a
// folder that [Write] has just made.
func Load(dir string, options tfgraph.Options) (*Loaded, error) {
	session, text, err := tfgraph.LoadSavedModel(dir, options)
	if err != nil {
		return nil, err
	}
	var meta pb.MetaGraphDef
	if err := proto.Unmarshal(text, &meta); err != nil {
		session.Close()
		return nil, fmt.Errorf("load SavedModel %q: %w", dir, err)
	}
	return &Loaded{session, meta.SignatureDef}, nil
}

// Run gives all outputs of a signature by name; the caller closes them.
func (l *Loaded) Run(ctx context.Context, signature string, inputs map[string]*tfgraph.Tensor) (map[string]*tfgraph.Tensor, error) {
	s, ok := l.signatures[signature]
	if !ok {
		return nil, fmt.Errorf("run SavedModel: got signature %q, want one that it has", signature)
	}
	feeds := map[string]*tfgraph.Tensor{}
	for name, info := range s.Inputs {
		if inputs[name] == nil {
			return nil, fmt.Errorf("run signature %q: got no input %q", signature, name)
		}
		feeds[info.GetName()] = inputs[name]
	}
	var names, fetches []string
	for name, info := range s.Outputs {
		names, fetches = append(names, name), append(fetches, info.GetName())
	}
	out, err := l.session.RunNamed(ctx, feeds, fetches...)
	if err != nil {
		return nil, err
	}
	outputs := map[string]*tfgraph.Tensor{}
	for i, name := range names {
		outputs[name] = out[i]
	}
	return outputs, nil
}

// Close frees the session.
func (l *Loaded) Close() error { return l.session.Close() }
