package summaries

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	attrpb "github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	nodepb "github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	typespb "github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/testenv"
)

// tensorBoard is the output of testdata/read_events.py for one directory.
type tensorBoard struct {
	Scalars map[string][]struct {
		Step     int64
		WallTime float64 `json:"wall_time"`
		Value    string
	}
	Histograms map[string][]histogramJSON
	Images     map[string][]struct {
		Step          int64
		Width, Height int
		PNG           []byte
	}
	Texts map[string][]struct {
		Step int64
		Text []byte
	}
	Graph  []byte
	Loaded []struct {
		Step        int64
		Tag, Plugin string
		Class       int
		Shape       []int
	}
}

func readWithTensorBoard(t *testing.T, folders ...string) []tensorBoard {
	t.Helper()
	var read []tensorBoard
	must(t, json.Unmarshal(testenv.RunPython(t, "summaries/testdata/read_events.py", folders...), &read))
	if len(read) != len(folders) {
		t.Fatalf("got %d directories, want %d", len(read), len(folders))
	}
	return read
}

func (tb tensorBoard) steps(tag string) []int64 {
	var steps []int64
	for _, point := range tb.Scalars[tag] {
		steps = append(steps, point.Step)
	}
	return steps
}

func testGraph(t *testing.T) []byte {
	graph, err := proto.Marshal(&graphpb.GraphDef{Node: []*nodepb.NodeDef{
		{Name: "images", Op: "Placeholder"},
		{Name: "conv1/relu", Op: "Relu", Input: []string{"images"}, Attr: map[string]*attrpb.AttrValue{
			"T": {Value: &attrpb.AttrValue_Type{Type: typespb.DataType_DT_FLOAT}},
		}},
	}})
	must(t, err)
	return graph
}

func TestTensorBoardReadsAllKinds(t *testing.T) {
	dir := t.TempDir()
	w, _ := newWriter(t, dir, Options{})
	scalars := []float64{0.1, -3, 0, 1e-30, 1e300, math.Inf(-1), math.NaN()}
	for step, value := range scalars {
		must(t, w.Scalar(int64(step), "cross_entropy", value))
	}
	weights := []float32{-1, 0, 0.25, 0.25, float32(math.NaN())}
	photo := paint(image.NewNRGBA(image.Rect(0, 0, 6, 4)), color.NRGBA{R: 9, A: 255})
	const note = "# Run\n\nlearning rate `1e-3`, café"
	graph := testGraph(t)
	must(t, w.Histogram(2, "fc8/weights", weights), w.Histogram(2, "none", nil),
		w.Image(3, "photo", photo), w.Text(4, "config", note), w.Graph(graph), w.Close())

	got := readWithTensorBoard(t, dir)[0]
	if points := got.Scalars["cross_entropy"]; len(points) != len(scalars) {
		t.Errorf("scalars: got %v, want %v", points, scalars)
	}
	for step, point := range got.Scalars["cross_entropy"] {
		value, err := strconv.ParseFloat(point.Value, 64)
		want := float64(float32(scalars[step]))
		same := value == want || math.IsNaN(value) && math.IsNaN(want)
		if err != nil || !same || point.Step != int64(step) || point.WallTime != 981173106.789 {
			t.Errorf("scalar %d: got %+v, %v; want %v", step, point, err, want)
		}
	}
	if bad := got.Scalars["fc8/weights/nonfinite"]; len(bad) != 1 || bad[0].Value != "1.0" || bad[0].Step != 2 {
		t.Errorf("nonfinite: got %v, want 1 at step 2", bad)
	}
	if h := got.Histograms["fc8/weights"]; len(h) != 1 || h[0].Num != 4 || h[0].Min != -1 || h[0].Max != 0.25 {
		t.Errorf("histogram: got %v", h)
	}
	if h := got.Histograms["none"]; len(h) != 1 || h[0].Num != 0 {
		t.Errorf("empty histogram: got %v", h)
	}
	if images := got.Images["photo"]; len(images) != 1 || images[0].Width != 6 || images[0].Height != 4 || images[0].Step != 3 {
		t.Errorf("image: got %v", images)
	} else if decoded, err := png.Decode(bytes.NewReader(images[0].PNG)); err != nil || decoded.At(1, 1) != (color.RGBA{R: 9, A: 255}) {
		t.Errorf("image's pixels: %v", err)
	}
	if texts := got.Texts["config"]; len(texts) != 1 || string(texts[0].Text) != note || texts[0].Step != 4 {
		t.Errorf("text: got %v", texts)
	}
	var gotGraph, wantGraph graphpb.GraphDef
	must(t, proto.Unmarshal(got.Graph, &gotGraph), proto.Unmarshal(graph, &wantGraph))
	if !proto.Equal(&gotGraph, &wantGraph) {
		t.Errorf("graph: got %v, want %v", &gotGraph, &wantGraph)
	}
	checkLoaded(t, got)
}

// checkLoaded checks the plugin of each tag, and its data class (1 scalar, 2 tensor, 3
// blobs).
func checkLoaded(t *testing.T, got tensorBoard) {
	type shown struct {
		plugin string
		class  int
		rank   int
	}
	want := map[string]shown{
		"cross_entropy":         {"scalars", 1, 0},
		"fc8/weights":           {"histograms", 2, 2},
		"fc8/weights/nonfinite": {"scalars", 1, 0},
		"none":                  {"histograms", 2, 2},
		"photo":                 {"images", 3, 1},
		"config":                {"text", 2, 0},
		"__run_graph__":         {"graphs", 3, 1},
	}
	seen := make(map[string]bool)
	for _, value := range got.Loaded {
		seen[value.Tag] = true
		if have := (shown{value.Plugin, value.Class, len(value.Shape)}); have != want[value.Tag] {
			t.Errorf("page of %q: got %+v, want %+v", value.Tag, have, want[value.Tag])
		}
	}
	if len(seen) != len(want) {
		t.Errorf("pages: got %v, want %v", seen, want)
	}
}

// A run writes steps 0 to 5, is killed inside an event, and resumes from a checkpoint of
// step 3. The control resumes without StartStep.
func TestTensorBoardAfterResume(t *testing.T) {
	resumed, control := t.TempDir(), t.TempDir()
	for dir, start := range map[string]int64{resumed: 3, control: 0} {
		first, _ := newWriter(t, dir, Options{})
		for step := range int64(7) {
			must(t, first.Scalar(step, "cross_entropy", 1))
		}
		must(t, first.Close())
		file, err := os.ReadFile(first.path())
		must(t, err, os.WriteFile(first.path(), file[:len(file)-5], 0o644))

		later := &fakeClock{startTime.Add(time.Hour)}
		second, err := Create(dir, Options{StartStep: start, clock: later.Now})
		must(t, err)
		for _, step := range []int64{3, 4} {
			must(t, second.Scalar(step, "cross_entropy", 2))
		}
		must(t, second.Close())
	}
	read := readWithTensorBoard(t, resumed, control)
	if got, want := read[0].steps("cross_entropy"), []int64{0, 1, 2, 3, 4}; !reflect.DeepEqual(got, want) {
		t.Errorf("resumed: got steps %v, want %v", got, want)
	}
	if points := read[0].Scalars["cross_entropy"]; len(points) == 5 && points[3].Value != "2.0" {
		t.Errorf("resumed: step 3 is from before the interruption")
	}
	if got, want := read[1].steps("cross_entropy"), []int64{0, 1, 2, 3, 4, 5, 3, 4}; !reflect.DeepEqual(got, want) {
		t.Errorf("not declared: got steps %v, want %v", got, want)
	}
}
