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

// modelPredict implements TensorFlow Serving's predict, at …/NAME:predict.
func (s *Server) modelPredict(w http.ResponseWriter, r *http.Request) error {
	verb, err := s.findModel(r)
	if err != nil {
		return err
	}
	switch verb {
	case "predict":
	case "":
		return methodNotAllowed(w, "GET, HEAD")
	case "classify", "regress":
		return problem{http.StatusBadRequest, fmt.Errorf("method %q not supported: want predict", verb)}
	default:
		return problem{http.StatusNotFound, fmt.Errorf("method %q not found: want predict", verb)}
	}
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	defer body.release()
	request, err := parsePredict(body.bytes.Bytes(), s.config.MaxImages)
	if err != nil {
		return err
	}
	images, err := request.requestImages()
	if err != nil {
		return problem{http.StatusBadRequest, err}
	}
	results, err := s.predict(r, images)
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

// predict classifies all images. As in TensorFlow Serving, an invalid image fails the request, always with status 400.
func (s *Server) predict(r *http.Request, images []requestImage) ([]classify.Result, error) {
	outcomes, err := s.classify(r.Context(), images)
	if err != nil {
		return nil, err
	}
	results := make([]classify.Result, len(outcomes))
	for i, o := range outcomes {
		if o.err != nil {
			return nil, problem{http.StatusBadRequest, fmt.Errorf("image %d: %s", i, clientMessage(o.err))}
		}
		results[i] = o.result
	}
	return results, nil
}

// findModel checks the model and version in the path and returns the method after the colon.
func (s *Server) findModel(r *http.Request) (verb string, err error) {
	model, version := r.PathValue("model"), r.PathValue("version")
	if version == "" {
		model, verb, _ = strings.Cut(model, ":")
	} else {
		version, verb, _ = strings.Cut(version, ":")
	}
	if model != s.config.Name {
		return "", problem{http.StatusNotFound, fmt.Errorf("model %q not found: want %q", model, s.config.Name)}
	}
	if n, err := strconv.Atoi(version); version != "" && (err != nil || n != s.config.Version) {
		return "", problem{http.StatusNotFound, fmt.Errorf("version %q of model %q not found: want %d", version, model, s.config.Version)}
	}
	return verb, nil
}

// row is the prediction for one image.
type row struct {
	Probabilities    []float32 `json:"probabilities"`
	Class            string    `json:"class"`
	TopClasses       []string  `json:"top_classes"`
	TopProbabilities []float32 `json:"top_probabilities"`
}

// columns are the predictions for several images, by output.
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

// predictRequest is the body of a predict request: a value per input and image, as rows or as columns.
type predictRequest struct {
	signature    string
	columns      bool // "inputs" instead of "instances"
	images       [][]byte
	orientations []int
}

// requestImages returns the images with the orientations of the signature. serving_default uses the images as stored,
// because the graph of a SavedModel cannot read EXIF data.
func (p predictRequest) requestImages() ([]requestImage, error) {
	switch p.signature = cmp.Or(p.signature, export.DefaultSignature); {
	case p.signature != export.DefaultSignature && p.signature != export.OrientedSignature:
		return nil, fmt.Errorf("signature %.40q not found: want %s or %s", p.signature, export.DefaultSignature, export.OrientedSignature)
	case p.signature == export.DefaultSignature && p.orientations != nil:
		return nil, fmt.Errorf("signature %s: got orientations, want only images", export.DefaultSignature)
	case p.signature == export.OrientedSignature && len(p.orientations) != len(p.images) && (len(p.orientations) != 1 || !p.columns):
		return nil, fmt.Errorf("signature %s: got %d orientations for %d images, want one per image", export.OrientedSignature, len(p.orientations), len(p.images))
	case len(p.images) == 0:
		return nil, errors.New("got no images, want at least one")
	}
	images := make([]requestImage, len(p.images))
	for i, encoded := range p.images {
		o := 1
		switch {
		case len(p.orientations) > 1:
			o = p.orientations[i]
		case len(p.orientations) == 1:
			o = p.orientations[0]
		}
		if o < 1 || o > 8 {
			return nil, fmt.Errorf("image %d: got orientation %d, want 1 to 8", i, o)
		}
		images[i] = requestImage{encoded, o}
	}
	return images, nil
}
