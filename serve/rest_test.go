package serve

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"alexnet/classify"
	"alexnet/export"
	"alexnet/internal/testmodel"
)

const predictPath = "/v1/models/alexnet:predict"

// Equivalent requests get the same response: rows and columns, with and without names,
// with and without a version.
func TestPredict(t *testing.T) {
	s, url := startServer(t, Config{})
	plain, turned := b64(testmodel.JPEG(3)), b64(testmodel.Turned(3, 6))
	asStored := classifyAlone(t, s, classify.FromBytes(testmodel.JPEG(3)))
	upright := classifyAlone(t, s, classify.FromBytes(testmodel.Turned(3, 6)))
	for name, c := range map[string]struct {
		body string
		want []classify.Result
	}{
		"a row":                     {`{"instances":[` + plain + `]}`, []classify.Result{asStored}},
		"named":                     {`{"instances":[{"images":` + plain + `}]}`, []classify.Result{asStored}},
		"EXIF is not read":          {`{"signature_name":"serving_default","instances":[` + turned + `,` + plain + `]}`, []classify.Result{asStored, asStored}},
		"no signature":              {`{"instances":[` + plain + `],"signature_name":""}`, []classify.Result{asStored}},
		"oriented":                  {`{"signature_name":"oriented","instances":[{"images":` + plain + `,"orientations":6},{"images":` + turned + `,"orientations":1}]}`, []classify.Result{upright, asStored}},
		"a column":                  {`{"inputs":[` + plain + `,` + plain + `]}`, []classify.Result{asStored, asStored}},
		"a named column":            {`{"inputs":{"images":[` + plain + `]}}`, []classify.Result{asStored}},
		"oriented columns":          {`{"inputs":{"orientations":[6,1],"images":[` + plain + `,` + turned + `]},"signature_name":"oriented"}`, []classify.Result{upright, asStored}},
		"one orientation for all":   {`{"inputs":{"images":[` + plain + `,` + turned + `],"orientations":[6]},"signature_name":"oriented"}`, []classify.Result{upright, upright}},
		"whitespace and line ends ": {"\r\n {\t\"instances\" : [ " + plain + " ] } \n", []classify.Result{asStored}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{predictPath, "/v1/models/alexnet/versions/1:predict"} {
				got := post(t, url+path, c.body).want(t, http.StatusOK)
				rows := readRows(t, got)
				if len(rows) != len(c.want) {
					t.Fatalf("got %d results, want %d", len(rows), len(c.want))
				}
				for i, r := range rows {
					sameRow(t, r, asRow(c.want[i]))
				}
			}
		})
	}
}

// readRows reads rows or columns of a response as rows.
func readRows(t *testing.T, r reply) []row {
	t.Helper()
	var answer struct {
		Predictions []row
		Outputs     *columns
	}
	r.read(t, &answer)
	if answer.Outputs == nil {
		return answer.Predictions
	}
	var rows []row
	for i, class := range answer.Outputs.Class {
		rows = append(rows, row{answer.Outputs.Probabilities[i], class, answer.Outputs.TopClasses[i], answer.Outputs.TopProbabilities[i]})
	}
	return rows
}

func sameRow(t *testing.T, got, want row) {
	t.Helper()
	if got.Class != want.Class || !reflect.DeepEqual(got.TopClasses, want.TopClasses) || len(got.TopClasses) != export.TopK || len(got.Probabilities) != len(classes) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i, p := range want.Probabilities {
		if !near(float64(got.Probabilities[i]), float64(p)) {
			t.Errorf("class %d: got %v, want %v", i, got.Probabilities[i], p)
		}
	}
	for i, p := range want.TopProbabilities {
		if !near(float64(got.TopProbabilities[i]), float64(p)) {
			t.Errorf("rank %d: got %v, want %v", i, got.TopProbabilities[i], p)
		}
	}
}

func TestPredictRejects(t *testing.T) {
	_, url := startServer(t, Config{MaxImages: 3})
	img := b64(testmodel.JPEG(0))
	many := strings.Repeat(img+",", 3) + img
	for name, c := range map[string]struct {
		path, body string
		status     int
		words      string
	}{
		"another model":        {"/v1/models/other:predict", `{"instances":[` + img + `]}`, 404, "alexnet"},
		"another version":      {"/v1/models/alexnet/versions/2:predict", `{"instances":[` + img + `]}`, 404, "version"},
		"version not a number": {"/v1/models/alexnet/versions/x:predict", `{"instances":[` + img + `]}`, 404, "version"},
		"a label":              {"/v1/models/alexnet/labels/stable:predict", `{"instances":[` + img + `]}`, 404, ""},
		"another method":       {"/v1/models/alexnet:explain", `{}`, 404, "predict"},
		"classify":             {"/v1/models/alexnet:classify", `{}`, 400, "predict"},
		"no method":            {"/v1/models/alexnet", `{}`, 405, "GET"},
		"unknown signature":    {predictPath, `{"signature_name":"pool5","instances":[` + img + `]}`, 400, "oriented"},
		"signature no string":  {predictPath, `{"signature_name":7,"instances":[` + img + `]}`, 400, "number"},
		"no orientation":       {predictPath, `{"signature_name":"oriented","instances":[` + img + `]}`, 400, "0 orientations for 1"},
		"some orientations":    {predictPath, `{"signature_name":"oriented","instances":[{"images":` + img + `,"orientations":1},` + img + `]}`, 400, "1 orientations for 2"},
		"orientation 9":        {predictPath, `{"signature_name":"oriented","inputs":{"images":[` + img + `],"orientations":[9]}}`, 400, "orientation 9"},
		"orientation 1.5":      {predictPath, `{"signature_name":"oriented","inputs":{"images":[` + img + `],"orientations":[1.5]}}`, 400, "number"},
		"needless orientation": {predictPath, `{"inputs":{"images":[` + img + `],"orientations":[1]}}`, 400, "only images"},
		"both":                 {predictPath, `{"instances":[` + img + `],"inputs":[` + img + `]}`, 400, "either"},
		"twice":                {predictPath, `{"instances":[` + img + `],"instances":[` + img + `]}`, 400, "once"},
		"neither":              {predictPath, `{}`, 400, "either"},
		"no images":            {predictPath, `{"instances":[]}`, 400, "at least one"},
		"too many":             {predictPath, `{"instances":[` + many + `]}`, 413, "at most 3"},
		"a text":               {predictPath, `{"instances":["cat"]}`, 400, "string"},
		"a null":               {predictPath, `{"instances":[null]}`, 400, "b64"},
		"another input":        {predictPath, `{"instances":[{"pixels":` + img + `}]}`, 400, "pixels"},
		"another column":       {predictPath, `{"inputs":{"pixels":[` + img + `]}}`, 400, "pixels"},
		"two images":           {predictPath, `{"instances":[{"images":` + img + `,"b64":""}]}`, 400, "one of them"},
		"a scalar column":      {predictPath, `{"inputs":` + img + `}`, 400, "b64"},
		"another field":        {predictPath, `{"examples":[]}`, 400, "examples"},
		"wrong base64":         {predictPath, `{"instances":[{"b64":"@@@@"}]}`, 400, "base64"},
		"no image":             {predictPath, `{"instances":[` + img + `,` + b64([]byte("cat")) + `]}`, 400, "image 1"},
		"empty image":          {predictPath, `{"instances":[{"b64":""}]}`, 400, "empty"},
		"a list":               {predictPath, `[]`, 400, "object"},
		"nothing":              {predictPath, ``, 400, "unexpected end"},
		"truncated":            {predictPath, `{"instances":[` + img, 400, "unexpected end"},
		"two documents":        {predictPath, `{"instances":[` + img + `]}{}`, 400, "trailing data"},
	} {
		t.Run(name, func(t *testing.T) {
			got := post(t, url+c.path, c.body).want(t, c.status)
			if !strings.Contains(got.text+got.header.Get("Allow"), c.words) {
				t.Errorf("got %q, want %s in it", got.text, c.words)
			}
		})
	}
}

// The responses are those that TensorFlow Serving documents.
func TestStatusAndMetadata(t *testing.T) {
	s, url := startServer(t, Config{Name: "my.model-1", Version: 7})
	get := func(path string) reply { return send(t, http.MethodGet, url+path, "", nil) }
	for _, path := range []string{"/v1/models/my.model-1", "/v1/models/my.model-1/versions/7"} {
		const want = `{"model_version_status":[{"version":"7","state":"%s","status":{"error_code":"OK","error_message":""}}]}`
		s.draining.Store(false)
		if got := get(path).want(t, 200); got.text != fmt.Sprintf(want, "AVAILABLE")+"\n" {
			t.Errorf("%s: got %s", path, got.text)
		}
		s.draining.Store(true)
		if got := get(path).want(t, 200); got.text != fmt.Sprintf(want, "UNLOADING")+"\n" {
			t.Errorf("%s, draining: got %s", path, got.text)
		}
	}
	var m struct {
		Spec struct{ Name, Version string } `json:"model_spec"`
		Meta struct {
			Def struct {
				Def map[string]signature `json:"signature_def"`
			} `json:"signature_def"`
		} `json:"metadata"`
	}
	get("/v1/models/my.model-1/versions/7/metadata").want(t, 200).read(t, &m)
	def := m.Meta.Def.Def[export.OrientedSignature]
	if m.Spec.Name != "my.model-1" || m.Spec.Version != "7" || len(m.Meta.Def.Def) != 2 ||
		def.Inputs["orientations"].DType != "DT_INT32" || def.Outputs["top_classes"].Shape.Dim[1].Size != "5" || def.Method != "tensorflow/serving/predict" {
		t.Errorf("got metadata %+v", m)
	}
	for _, path := range []string{"/v1/models/my.model-1:predict", "/v1/models/other", "/v1/models/other/metadata", "/v1/models/my.model-1/versions/8/metadata", "/v1/models", "/v1"} {
		if got := get(path); got.status != 404 && got.status != 405 {
			t.Errorf("%s: got %d, want 404 or 405", path, got.status)
		}
	}
}
