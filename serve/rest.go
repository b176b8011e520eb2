package serve

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"alexnet/classify"
	"alexnet/export"
)

// modelPredict answers TensorFlow Serving's predict, at …/NAME:predict.
func (s *Server) modelPredict(w http.ResponseWriter, r *http.Request) error {
	verb, err := s.findModel(r)
	if err != nil {
		return err
	}
	switch verb {
	case "predict":
	case "":
		return notAllowed(w, r, map[string]endpoint{http.MethodGet: s.modelStatus})
	case "classify", "regress":
		return problem{http.StatusBadRequest, fmt.Errorf("%s: the model has signatures for predict alone", verb)}
	default:
		return problem{http.StatusNotFound, fmt.Errorf("find method %q: there is only predict", verb)}
	}
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	defer body.release()
	request, err := parsePredict(body.bytes.Bytes(), s.config.MaxPictures)
	if err != nil {
		return err
	}
	pictures, err := request.pictures()
	if err != nil {
		return problem{http.StatusBadRequest, err}
	}
	results, err := s.predict(r, pictures)
	if err != nil {
		return err
	}
	if request.columns {
		answerJSON(w, http.StatusOK, map[string]columns{"outputs": asColumns(results)})
		return nil
	}
	answerJSON(w, http.StatusOK, map[string][]row{"predictions": asRows(results)})
	return nil
}

// predict classifies all pictures. As in TensorFlow Serving one that cannot be
// read fails the request, and with 400 whatever is wrong with it.
func (s *Server) predict(r *http.Request, pictures []picture) ([]classify.Result, error) {
	outcomes, err := s.classify(r.Context(), pictures)
	if err != nil {
		return nil, err
	}
	results := make([]classify.Result, len(outcomes))
	for i, o := range outcomes {
		if o.err != nil {
			return nil, problem{http.StatusBadRequest, fmt.Errorf("picture %d: %s", i, explain(o.err))}
		}
		results[i] = o.result
	}
	return results, nil
}

// findModel checks the path's model and version and returns the method after the
// colon.
func (s *Server) findModel(r *http.Request) (verb string, err error) {
	model, version := r.PathValue("model"), r.PathValue("version")
	if version == "" {
		model, verb, _ = strings.Cut(model, ":")
	} else {
		version, verb, _ = strings.Cut(version, ":")
	}
	if model != s.config.Name {
		return "", problem{http.StatusNotFound, fmt.Errorf("find model %q: there is only %q", model, s.config.Name)}
	}
	if n, err := strconv.Atoi(version); version != "" && (err != nil || n != s.config.Version) {
		return "", problem{http.StatusNotFound, fmt.Errorf("find version %q of model %q: there is only %d", version, model, s.config.Version)}
	}
	return verb, nil
}

// row is what is said of one picture.
type row struct {
	Probabilities    []float32 `json:"probabilities"`
	Class            string    `json:"class"`
	TopClasses       []string  `json:"top_classes"`
	TopProbabilities []float32 `json:"top_probabilities"`
}

// columns are the same of many pictures, by name.
type columns struct {
	Probabilities    [][]float32 `json:"probabilities"`
	Class            []string    `json:"class"`
	TopClasses       [][]string  `json:"top_classes"`
	TopProbabilities [][]float32 `json:"top_probabilities"`
}

func asRow(r classify.Result) row {
	out := row{Probabilities: r.Probabilities, Class: r.Class}
	for _, t := range r.Top[:min(export.TopK, len(r.Top))] {
		out.TopClasses = append(out.TopClasses, t.Class)
		out.TopProbabilities = append(out.TopProbabilities, float32(t.Probability))
	}
	return out
}

func asRows(results []classify.Result) []row {
	rows := make([]row, len(results))
	for i, r := range results {
		rows[i] = asRow(r)
	}
	return rows
}

func asColumns(results []classify.Result) (c columns) {
	for _, r := range asRows(results) {
		c.Probabilities = append(c.Probabilities, r.Probabilities)
		c.Class = append(c.Class, r.Class)
		c.TopClasses = append(c.TopClasses, r.TopClasses)
		c.TopProbabilities = append(c.TopProbabilities, r.TopProbabilities)
	}
	return c
}

// predictRequest is the body of a predict request: one value an input and
// picture, by rows or by columns.
type predictRequest struct {
	signature    string
	columns      bool // whether "inputs" was given, not "instances"
	images       [][]byte
	orientations []int
}

// pictures says how the request's signature has its images seen. serving_default
// takes them as stored, as a SavedModel does whose graph cannot read EXIF data.
func (p predictRequest) pictures() ([]picture, error) {
	switch p.signature = cmp.Or(p.signature, export.DefaultSignature); {
	case p.signature != export.DefaultSignature && p.signature != export.OrientedSignature:
		return nil, fmt.Errorf("find signature %.40q: this server has %s and %s", p.signature, export.DefaultSignature, export.OrientedSignature)
	case p.signature == export.DefaultSignature && p.orientations != nil:
		return nil, fmt.Errorf("signature %s: got orientations, want only images", export.DefaultSignature)
	case p.signature == export.OrientedSignature && len(p.orientations) != len(p.images) && (len(p.orientations) != 1 || !p.columns):
		return nil, fmt.Errorf("signature %s: got %d orientations of %d images, want one each", export.OrientedSignature, len(p.orientations), len(p.images))
	case len(p.images) == 0:
		return nil, errors.New("got no images, want at least one")
	}
	pictures := make([]picture, len(p.images))
	for i, encoded := range p.images {
		o := 1
		switch {
		case len(p.orientations) > 1:
			o = p.orientations[i]
		case len(p.orientations) == 1:
			o = p.orientations[0]
		}
		if o < 1 || o > 8 {
			return nil, fmt.Errorf("picture %d: got orientation %d, want 1 to 8", i, o)
		}
		pictures[i] = picture{encoded, o}
	}
	return pictures, nil
}
