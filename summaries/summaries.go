// Package summaries writes and reads event files for TensorBoard: scalars, histograms,
// images, text, graphs with run metadata, hyperparameters, and embeddings.
//
// Start with [Create] and [Read].
//
// A file only grows by complete events, in the order in which they were added: a process that is killed loses at most
// what it had not flushed, and a partial write before a power failure is an [io.ErrUnexpectedEOF] at the end of an
// otherwise valid file. Each run, and each resumption of a run, has its own file in the directory; files are never
// overwritten or appended to. Use a tag for only one kind of summary in a run: TensorBoard shows only the first kind.
// Values have the format of TensorFlow 1's summaries, which every TensorBoard reads.
package summaries

import (
	"fmt"
	"unicode/utf8"

	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	summarypb "github.com/wamuir/graft/tensorflow/core/framework/summary_go_proto"
	tensorpb "github.com/wamuir/graft/tensorflow/core/framework/tensor_go_proto"
	shapepb "github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	typespb "github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	eventpb "github.com/wamuir/graft/tensorflow/core/util/event_go_proto"
	"google.golang.org/protobuf/proto"
)

// Scalar adds a point to the curve named tag. The file stores float32: larger values
// become infinite. TensorBoard marks infinities and NaN on the curve.
func (w *Writer) Scalar(step int64, tag string, value float64) error {
	return w.addValues("scalar", step, scalar(tag, value))
}

// Histogram adds the distribution of values, in about 20 ns per value. The buckets are
// those of TensorFlow's HistogramSummary, which grow by a factor of 1.1 from 1e-12 to
// 1e20, on both sides of zero, without the empty ones at both ends.
//
// TensorFlow rejects non-finite values. Histogram skips them and adds their number as
// the scalar tag/nonfinite to the same event.
func (w *Writer) Histogram(step int64, tag string, values []float32) error {
	histogram, skipped := newHistogram(values)
	summary := []*summarypb.Summary_Value{{
		Tag:   tag,
		Value: &summarypb.Summary_Value_Histo{Histo: histogram},
	}}
	if skipped > 0 {
		summary = append(summary, scalar(tag+"/nonfinite", float64(skipped)))
	}
	return w.addValues("histogram", step, summary...)
}

// Text adds a Markdown text, which TensorBoard renders without any HTML in it.
func (w *Writer) Text(step int64, tag, markdown string) error {
	return w.addValues("text", step, tensorOf(tag, "text", nil, &tensorpb.TensorProto{
		Dtype:       typespb.DataType_DT_STRING,
		TensorShape: &shapepb.TensorShapeProto{},
		StringVal:   [][]byte{[]byte(markdown)},
	}))
}

// Graph adds the run's graph, a serialized GraphDef. It has no step; add it once per run.
func (w *Writer) Graph(graphDef []byte) error {
	var graph graphpb.GraphDef
	if err := proto.Unmarshal(graphDef, &graph); err != nil {
		return fmt.Errorf("write graph: got %d bytes, want a GraphDef: %w", len(graphDef), err)
	}
	if len(graph.Node) == 0 {
		return fmt.Errorf("write graph: got %d bytes without a node, want a GraphDef", len(graphDef))
	}
	return w.add("graph", &eventpb.Event{What: &eventpb.Event_GraphDef{GraphDef: graphDef}})
}

// RunMetadata adds the time and memory of each operation of a traced run, a serialized RunMetadata. The graph page
// offers it under the tag, which must be unique in the run, and colors the nodes by it.
func (w *Writer) RunMetadata(step int64, tag string, metadata []byte) error {
	var m pb.RunMetadata
	if err := proto.Unmarshal(metadata, &m); err != nil {
		return fmt.Errorf("write run metadata %q: got %d bytes, want a RunMetadata: %w", tag, len(metadata), err)
	}
	if tag == "" || len(m.GetStepStats().GetDevStats()) == 0 {
		return fmt.Errorf("write run metadata %q: got %d bytes without step stats, want a tag and the metadata of a traced run", tag, len(metadata))
	}
	return w.add(fmt.Sprintf("run metadata %q", tag), &eventpb.Event{
		Step: step,
		What: &eventpb.Event_TaggedRunMetadata{TaggedRunMetadata: &eventpb.TaggedRunMetadata{Tag: tag, RunMetadata: metadata}},
	})
}

func scalar(tag string, value float64) *summarypb.Summary_Value {
	return &summarypb.Summary_Value{
		Tag:   tag,
		Value: &summarypb.Summary_Value_SimpleValue{SimpleValue: float32(value)},
	}
}

// addValues adds one event. The tags of further values derive from the first one's.
func (w *Writer) addValues(kind string, step int64, values ...*summarypb.Summary_Value) error {
	switch tag := values[0].Tag; {
	case tag == "":
		return fmt.Errorf("write %s: got an empty tag", kind)
	case !utf8.ValidString(tag):
		return fmt.Errorf("write %s %q: tag is not UTF-8", kind, tag)
	}
	return w.add(fmt.Sprintf("%s %q", kind, values[0].Tag), &eventpb.Event{
		Step: step,
		What: &eventpb.Event_Summary{Summary: &summarypb.Summary{Value: values}},
	})
}

// tensorOf returns a tensor for the named plugin. content is the plugin's metadata, of
// which TensorBoard uses the first one of a tag.
func tensorOf(tag, plugin string, content []byte, tensor *tensorpb.TensorProto) *summarypb.Summary_Value {
	return &summarypb.Summary_Value{
		Tag: tag,
		Metadata: &summarypb.SummaryMetadata{
			PluginData: &summarypb.SummaryMetadata_PluginData{PluginName: plugin, Content: content},
			DataClass:  summarypb.DataClass_DATA_CLASS_TENSOR,
		},
		Value: &summarypb.Summary_Value_Tensor{Tensor: tensor},
	}
}

func floats(values []float32, shape ...int64) *tensorpb.TensorProto {
	t := &tensorpb.TensorProto{Dtype: typespb.DataType_DT_FLOAT, TensorShape: &shapepb.TensorShapeProto{}, FloatVal: values}
	for _, size := range shape {
		t.TensorShape.Dim = append(t.TensorShape.Dim, &shapepb.TensorShapeProto_Dim{Size: size})
	}
	return t
}
