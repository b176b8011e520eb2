// Package summaries writes and reads event files, which TensorBoard turns into
// curves, histograms, pictures, text, the drawing of a graph with what its nodes
// took, a table of runs by their settings, and a map of points.
//
// Start with [Create] and [Read].
//
// A file only ever grows by whole events, in the order in which they were
// added: a process that is killed loses at most what it had not flushed, and
// what a power cut leaves half written is an [io.ErrUnexpectedEOF] at the end
// of an otherwise good file. Each run, and each resumed part of a run, has a
// file of its own in the run's folder; none is overwritten or appended to. A
// tag names one kind of summary for the whole run: TensorBoard shows only the
// kind that it met first. Values are as in TensorFlow 1's summaries, which
// every TensorBoard reads.
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

// Scalar adds one point of the curve named tag. The file keeps a float32:
// what is too large for it becomes an infinity, which TensorBoard marks on the
// curve, as it does NaN.
func (w *Writer) Scalar(step int64, tag string, value float64) error {
	return w.addValues("scalar", step, scalar(tag, value))
}

// Histogram adds the distribution of values, at a cost of some 20 ns for each
// of them. The buckets are those of TensorFlow's HistogramSummary: they grow by a
// tenth from 1e-12 to 1e20, on both sides of zero; empty ones on the outside are
// left out.
//
// TensorFlow refuses values that are not finite. Here they are left out, and
// the same event carries their number as the scalar tag/nonfinite: that curve
// exists only where something went wrong.
func (w *Writer) Histogram(step int64, tag string, values []float32) error {
	histogram, skipped := count(values)
	summary := []*summarypb.Summary_Value{{
		Tag:   tag,
		Value: &summarypb.Summary_Value_Histo{Histo: histogram},
	}}
	if skipped > 0 {
		summary = append(summary, scalar(tag+"/nonfinite", float64(skipped)))
	}
	return w.addValues("histogram", step, summary...)
}

// Text adds a text in Markdown, which TensorBoard renders after removing
// whatever HTML is in it.
func (w *Writer) Text(step int64, tag, markdown string) error {
	return w.addValues("text", step, tensorOf(tag, "text", nil, &tensorpb.TensorProto{
		Dtype:       typespb.DataType_DT_STRING,
		TensorShape: &shapepb.TensorShapeProto{},
		StringVal:   [][]byte{[]byte(markdown)},
	}))
}

// Graph adds the graph that TensorBoard draws for the run, given as a
// serialised GraphDef. It belongs to no step; once a run is enough.
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

// RunMetadata adds what each operation of a traced run took, given as a serialised
// RunMetadata. The graph's page offers it under the tag, of which there is one a
// run, and colours the nodes by it.
func (w *Writer) RunMetadata(step int64, tag string, metadata []byte) error {
	var m pb.RunMetadata
	if err := proto.Unmarshal(metadata, &m); err != nil {
		return fmt.Errorf("write run metadata %q: got %d bytes, want a RunMetadata: %w", tag, len(metadata), err)
	}
	if tag == "" || len(m.GetStepStats().GetDevStats()) == 0 {
		return fmt.Errorf("write run metadata %q: got %d bytes without a figure, want a tag and those of a traced run", tag, len(metadata))
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

// addValues adds one event. The first value's tag is the caller's; the others
// are made from it.
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
