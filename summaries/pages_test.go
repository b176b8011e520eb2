package summaries

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	statspb "github.com/wamuir/graft/tensorflow/core/framework/step_stats_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/testenv"
)

// ask returns the responses of TensorBoard's server.
func ask(t *testing.T, dir string, requests ...string) []json.RawMessage {
	t.Helper()
	var answers []json.RawMessage
	must(t, json.Unmarshal(testenv.RunPython(t, "summaries/testdata/ask_pages.py", append([]string{dir}, requests...)...), &answers))
	return answers
}

func trace(t *testing.T) []byte {
	t.Helper()
	m := &pb.RunMetadata{StepStats: &statspb.StepStats{DevStats: []*statspb.DeviceStepStats{{
		Device:    "/device:CPU:0",
		NodeStats: []*statspb.NodeExecStats{{NodeName: "conv1/relu", OpEndRelMicros: 1234}},
	}}}}
	data, err := proto.Marshal(m)
	must(t, err)
	return data
}

// TensorBoard's plugins serve the data of each page.
func TestTensorBoardServesPages(t *testing.T) {
	dir := t.TempDir()
	w, _ := newWriter(t, dir, Options{})
	must(t, w.Graph(testGraph(t)), w.RunMetadata(2, "update 2", trace(t)),
		w.PRCurve(7, "pr_curve/cat", curveOf([]float32{0.9, 0.2, 0.7, 0}, []bool{true, false, false, true})),
		w.HParams([]HParam{{"lr", 1e-3, true}, {"optimizer", "adam", false}, {"mirror", true, false}, {"batch", 16, true}}, "accuracy"),
		w.Scalar(7, "accuracy", 0.5), w.HParamsEnd(7), w.Close())
	answers := ask(t, dir,
		"/data/plugin/graphs/info",
		"/data/plugin/graphs/run_metadata?run=.&tag=update+2",
		"/data/plugin/pr_curves/pr_curves?run=.&tag=pr_curve/cat",
		"/data/plugin/hparams/experiment {}",
		`/data/plugin/hparams/session_groups {"allowedStatuses": ["STATUS_SUCCESS", "STATUS_RUNNING"], "sliceSize": 9}`)

	for i, want := range []string{`"update 2", "conceptual_graph": false, "op_graph": false, "profile": true`, `op_end_rel_micros: 1234`} {
		if !strings.Contains(string(answers[i]), want) {
			t.Errorf("graph: got %s, want %s", answers[i], want)
		}
	}
	var curves map[string][]struct {
		Step           int
		Recall         []float64
		TruePositives  []int `json:"true_positives"`
		FalsePositives []int `json:"false_positives"`
		Thresholds     []float64
	}
	must(t, json.Unmarshal(answers[2], &curves))
	if c := curves["."]; len(c) != 1 || c[0].Step != 7 || len(c[0].Thresholds) != 181 || c[0].TruePositives[100] != 1 || c[0].FalsePositives[100] != 1 || c[0].Recall[0] != 1 {
		t.Errorf("PR curve: got %+v", c)
	}
	checkHParams(t, answers[3], answers[4])
}

func checkHParams(t *testing.T, experiment, groups json.RawMessage) {
	t.Helper()
	var e struct {
		HParamInfos []struct{ Name, Type string }
		MetricInfos []struct{ Name struct{ Tag string } }
	}
	must(t, json.Unmarshal(experiment, &e))
	var columns []string
	for _, info := range e.HParamInfos {
		columns = append(columns, info.Name+" "+info.Type)
	}
	want := []string{"batch DATA_TYPE_FLOAT64", "lr DATA_TYPE_FLOAT64", "mirror DATA_TYPE_BOOL", "optimizer DATA_TYPE_STRING"}
	if !slices.Equal(columns, want) || len(e.MetricInfos) != 1 || e.MetricInfos[0].Name.Tag != "accuracy" {
		t.Errorf("experiment: got %q and %v, want %q and the metric accuracy", columns, e.MetricInfos, want)
	}
	var g struct {
		SessionGroups []struct {
			HParams  map[string]any
			Sessions []struct {
				Status                     string
				StartTimeSecs, EndTimeSecs float64
				MetricValues               []struct{ Value float64 }
			}
		}
	}
	must(t, json.Unmarshal(groups, &g))
	if len(g.SessionGroups) != 1 || len(g.SessionGroups[0].Sessions) != 1 {
		t.Fatalf("sessions: got %+v, want one", g.SessionGroups)
	}
	settings, s := g.SessionGroups[0].HParams, g.SessionGroups[0].Sessions[0]
	if settings["lr"] != 1e-3 || settings["optimizer"] != "adam" || settings["mirror"] != true || settings["batch"] != 16.0 {
		t.Errorf("hyperparameters: got %v", settings)
	}
	if s.Status != "STATUS_SUCCESS" || s.StartTimeSecs != 981173106.789 || s.EndTimeSecs != 981173106.789 || len(s.MetricValues) != 1 || s.MetricValues[0].Value != 0.5 {
		t.Errorf("session: got %+v", s)
	}
}

func TestTensorBoardServesProjector(t *testing.T) {
	dir := t.TempDir()
	w, _ := newWriter(t, dir, Options{})
	must(t, w.Close())
	red, blue := color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}
	point := func(c color.Color) image.Image { return paint(image.NewNRGBA(image.Rect(0, 0, 4, 4)), c) }
	e := Embedding{
		Name: "fc7", Vectors: [][]float32{{0, 1.5}, {-2, 1e-9}, {0.123456, 7}}, Columns: []string{"image", "class"},
		Rows: [][]string{{"a\tb", "cat"}, {"c\nd", "dog"}, {"é", "cat"}}, Images: []image.Image{point(red), point(blue), point(red)},
	}
	files, err := e.Files()
	must(t, err)
	for _, f := range files {
		must(t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644))
	}
	answers := ask(t, dir, "/data/plugin/projector/runs", "/data/plugin/projector/info?run=.", "/data/plugin/projector/tensor?run=.&name=fc7",
		"/data/plugin/projector/metadata?run=.&name=fc7", "/data/plugin/projector/sprite_image?run=.&name=fc7")
	var info struct {
		Embeddings []struct {
			TensorName  string
			TensorShape []int
			Sprite      struct{ SingleImageDim []int }
		}
	}
	var values, sprite []byte
	var metadata string
	must(t, json.Unmarshal(answers[1], &info), json.Unmarshal(answers[2], &values), json.Unmarshal(answers[3], &metadata), json.Unmarshal(answers[4], &sprite))
	if string(answers[0]) != `["."]` || len(info.Embeddings) != 1 || info.Embeddings[0].TensorName != "fc7" ||
		!slices.Equal(info.Embeddings[0].TensorShape, []int{3, 2}) || !slices.Equal(info.Embeddings[0].Sprite.SingleImageDim, []int{4, 4}) {
		t.Errorf("got runs %s, %+v", answers[0], info)
	}
	var vectors [6]float32
	for i := range vectors {
		vectors[i] = math.Float32frombits(uint32(values[4*i]) | uint32(values[4*i+1])<<8 | uint32(values[4*i+2])<<16 | uint32(values[4*i+3])<<24)
	}
	if want := [6]float32{0, 1.5, -2, 1e-9, 0.1235, 7}; vectors != want {
		t.Errorf("vectors: got %v, want %v", vectors, want)
	}
	if want := "image\tclass\na b\tcat\nc d\tdog\né\tcat\n"; metadata != want {
		t.Errorf("metadata: got %q, want %q", metadata, want)
	}
	img, err := png.Decode(bytes.NewReader(sprite))
	must(t, err)
	if size := img.Bounds().Size(); size != image.Pt(8, 8) || color.NRGBAModel.Convert(img.At(4, 0)) != blue || color.NRGBAModel.Convert(img.At(3, 7)) != red {
		t.Errorf("sprite: got %v pixels, %v next to %v", size, img.At(4, 0), img.At(3, 7))
	}
}

func curveOf(scores []float32, positive []bool) *PRCurve {
	c := new(PRCurve)
	for i, score := range scores {
		c.Add(score, positive[i])
	}
	return c
}

// Scores outside [0, 1] are clamped, NaN counts as 0.
func TestPRCurveClampsScores(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	got := curveOf([]float32{inf, 1.5, -inf, -0.5, nan}, []bool{true, true, true, true, true}).tensor()
	if want := curveOf([]float32{1, 1, 0, 0, 0}, []bool{true, true, true, true, true}).tensor(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Bit-identical, also for scores next to the thresholds.
func TestPRCurveMatchesTensorBoard(t *testing.T) {
	if testing.Short() {
		t.Skip("importing TensorFlow takes seconds; run without -short")
	}
	type kase struct {
		Scores   []float32 `json:"scores"`
		Positive []bool    `json:"positive"`
	}
	random := rand.New(rand.NewPCG(1, 2))
	cases := map[string]kase{
		"no positive": {[]float32{0.5, 0.25}, []bool{false, false}},
		"no negative": {[]float32{0, 1}, []bool{true, true}},
	}
	var many, adjacent kase
	for range 1000 {
		many.Scores, many.Positive = append(many.Scores, random.Float32()), append(many.Positive, random.IntN(3) == 0)
	}
	for k := range thresholds {
		at := float32(k) / (thresholds - 1)
		adjacent.Scores = append(adjacent.Scores, at, max(0, math.Nextafter32(at, 0)), min(1, math.Nextafter32(at, 1)))
		adjacent.Positive = append(adjacent.Positive, true, false, true)
	}
	cases["many"], cases["next to thresholds"] = many, adjacent
	text, err := json.Marshal(cases)
	must(t, err)
	file := filepath.Join(t.TempDir(), "cases.json")
	must(t, os.WriteFile(file, text, 0o644))
	var want map[string][]float32
	must(t, json.Unmarshal(testenv.RunPython(t, "summaries/testdata/pr_curves.py", file), &want))
	for name, c := range cases {
		got := curveOf(c.Scores, c.Positive).tensor()
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s: got %v, want %v", name, got, want[name])
		}
	}
}

func TestPagesRejectInvalid(t *testing.T) {
	w, _ := newWriter(t, t.TempDir(), Options{})
	embedding := func(change func(*Embedding)) error {
		e := Embedding{Name: "fc7", Vectors: [][]float32{{1}, {2}}, Columns: []string{"a", "b"}, Rows: [][]string{{"1", "2"}, {"3", "4"}}}
		change(&e)
		_, err := e.Files()
		return err
	}
	small := image.NewGray(image.Rect(0, 0, 2, 2))
	for name, err := range map[string]error{
		"a curve, no tag":     w.PRCurve(0, "", new(PRCurve)),
		"infinite":            w.HParams([]HParam{{Name: "lr", Value: math.Inf(1)}}),
		"a list":              w.HParams([]HParam{{Name: "layers", Value: []string{"fc8"}}}),
		"no metadata":         w.RunMetadata(0, "a", []byte{0xff}),
		"metadata of nothing": w.RunMetadata(0, "a", nil),
		"metadata, no tag":    w.RunMetadata(0, "", trace(t)),
		"no points":           embedding(func(e *Embedding) { e.Vectors, e.Rows = nil, nil }),
		"a quoted name":       embedding(func(e *Embedding) { e.Name = `fc"7` }),
		"uneven":              embedding(func(e *Embedding) { e.Vectors[1] = []float32{1, 2} }),
		"one column":          embedding(func(e *Embedding) { e.Columns = e.Columns[:1] }),
		"a row short":         embedding(func(e *Embedding) { e.Rows[1] = nil }),
		"an image too few":    embedding(func(e *Embedding) { e.Images = []image.Image{small} }),
		"uneven images":       embedding(func(e *Embedding) { e.Images = []image.Image{small, image.NewGray(image.Rect(0, 0, 3, 2))} }),
		"too large": embedding(func(e *Embedding) {
			e.Images = slices.Repeat([]image.Image{image.NewGray(image.Rect(0, 0, 5000, 1))}, 2)
		}),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	must(t, w.Scalar(1, "still", 1))
}
