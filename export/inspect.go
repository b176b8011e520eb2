package export

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"alexnet/checkpoint"
)

// maxMessages bounds the memory of a decoded graph. A message takes two bytes of the file and a hundred times as many
// in memory: an export has some thousand, a graph of a hundred thousand operations a million or two.
const maxMessages = 4 << 20

// Contents lists a SavedModel, whichever program wrote it.
type Contents struct {
	TensorFlow string      `json:"tensorflow,omitempty"` // version that wrote it
	Tags       []string    `json:"tags"`
	Signatures []Signature `json:"signatures"`
	Assets     []string    `json:"assets,omitempty"`
	Ops        []OpCount   `json:"ops"` // of all graphs and functions, the most frequent first
	Functions  int         `json:"functions"`
	Bytes      int64       `json:"bytes"` // of all files
	Card       *Card       `json:"card,omitempty"`
}

// OpCount is how often an operation occurs.
type OpCount struct {
	Op    string `json:"op"`
	Count int    `json:"count"`
}

// Inspect lists the SavedModel in dir without running it: of several graphs, the signatures of the one tagged for
// serving and the operations of all. With an error about the card it returns the rest.
func Inspect(dir string) (*Contents, error) {
	text, err := readFile(dir, graphFile, maxGraph)
	if err != nil {
		return nil, fmt.Errorf("read SavedModel %q: %w", dir, err)
	}
	found, err := parseGraph(text)
	if err != nil {
		return nil, fmt.Errorf("read SavedModel %q: %w", dir, err)
	}
	found.Bytes = size(dir)
	found.Card, err = ReadCard(dir)
	if errors.Is(err, ErrForeign) {
		err = nil
	}
	return found, err
}

func parseGraph(text []byte) (*Contents, error) {
	var saved pb.SavedModel
	if n := messages(text, saved.ProtoReflect().Descriptor(), 0); n > maxMessages {
		return nil, fmt.Errorf("%s: got %d messages, want at most %d", graphFile, n, maxMessages)
	}
	if err := proto.Unmarshal(text, &saved); err != nil {
		return nil, fmt.Errorf("%s: %w: %d bytes that are not a SavedModel", graphFile, checkpoint.ErrDamaged, len(text))
	}
	if len(saved.MetaGraphs) == 0 {
		return nil, fmt.Errorf("%s: %w: got no graph, want at least one", graphFile, checkpoint.ErrDamaged)
	}
	meta := saved.MetaGraphs[0]
	for _, m := range saved.MetaGraphs {
		if slices.Contains(m.GetMetaInfoDef().GetTags(), tag) {
			meta = m
			break
		}
	}
	found := &Contents{
		TensorFlow: meta.GetMetaInfoDef().GetTensorflowVersion(),
		Tags:       meta.GetMetaInfoDef().GetTags(),
		Signatures: readSignatures(meta.GetSignatureDef()),
	}
	for _, a := range meta.GetAssetFileDef() {
		found.Assets = append(found.Assets, a.GetFilename())
	}
	for _, m := range saved.MetaGraphs {
		found.Functions += len(m.GetGraphDef().GetLibrary().GetFunction())
	}
	found.Ops = countOps(saved.MetaGraphs)
	return found, nil
}

// countOps counts the operations of graphs and their functions.
func countOps(graphs []*pb.MetaGraphDef) (ops []OpCount) {
	counts := map[string]int{}
	count := func(nodes []*node_def_go_proto.NodeDef) {
		for _, n := range nodes {
			counts[n.GetOp()]++
		}
	}
	for _, g := range graphs {
		count(g.GetGraphDef().GetNode())
		for _, f := range g.GetGraphDef().GetLibrary().GetFunction() {
			count(f.GetNodeDef())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		ops = append(ops, OpCount{name, counts[name]})
	}
	slices.SortStableFunc(ops, func(a, b OpCount) int { return cmp.Compare(b.Count, a.Count) })
	return ops
}

// messages counts the messages nested in one without decoding them. Malformed ones are left to the decoder.
func messages(text []byte, of protoreflect.MessageDescriptor, depth int) (n int) {
	for len(text) > 0 && depth < protowire.DefaultRecursionLimit {
		number, kind, tag := protowire.ConsumeTag(text)
		if tag < 0 {
			return n
		}
		text = text[tag:]
		size := protowire.ConsumeFieldValue(number, kind, text)
		if size < 0 {
			return n
		}
		if f := of.Fields().ByNumber(number); f != nil && f.Message() != nil && kind == protowire.BytesType {
			inside, _ := protowire.ConsumeBytes(text)
			n += 1 + messages(inside, f.Message(), depth+1)
		}
		text = text[size:]
	}
	return n
}

// size adds up the regular files in dir.
func size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}
