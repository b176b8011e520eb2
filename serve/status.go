package serve

import (
	"net/http"
	"strconv"

	"alexnet/export"
)

// modelStatus implements TensorFlow Serving's GetModelStatus.
func (s *Server) modelStatus(w http.ResponseWriter, r *http.Request) error {
	verb, err := s.findModel(r)
	if err != nil {
		return err
	}
	if verb != "" {
		return methodNotAllowed(w, "POST")
	}
	type status struct {
		Code    string `json:"error_code"`
		Message string `json:"error_message"`
	}
	type version struct {
		Version string `json:"version"`
		State   string `json:"state"`
		Status  status `json:"status"`
	}
	state := "AVAILABLE"
	if s.draining.Load() {
		state = "UNLOADING"
	}
	answerJSON(w, http.StatusOK, map[string][]version{
		"model_version_status": {{strconv.Itoa(s.config.Version), state, status{Code: "OK"}}}})
	return nil
}

// The types of GetModelMetadataResponse in protobuf's JSON mapping, which encodes 64-bit integers as strings.
type (
	dim struct {
		Size string `json:"size"`
		Name string `json:"name"`
	}
	shape struct {
		Dim         []dim `json:"dim"`
		UnknownRank bool  `json:"unknown_rank"`
	}
	tensor struct {
		DType string `json:"dtype"`
		Shape shape  `json:"tensor_shape"`
		Name  string `json:"name"`
	}
	signature struct {
		Inputs  map[string]tensor `json:"inputs"`
		Outputs map[string]tensor `json:"outputs"`
		Method  string            `json:"method_name"`
	}
)

// modelMetadata implements TensorFlow Serving's GetModelMetadata. The tensors' graph
// names are empty, because the model may come from a checkpoint.
func (s *Server) modelMetadata(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.findModel(r); err != nil {
		return err
	}
	classes := len(s.model.Classes())
	of := func(dtype string, sizes ...int) tensor {
		t := tensor{DType: dtype}
		for _, size := range append([]int{-1}, sizes...) {
			t.Shape.Dim = append(t.Shape.Dim, dim{Size: strconv.Itoa(size)})
		}
		return t
	}
	top := min(export.TopK, classes)
	outputs := map[string]tensor{
		"probabilities": of("DT_FLOAT", classes), "class": of("DT_STRING"),
		"top_classes": of("DT_STRING", top), "top_probabilities": of("DT_FLOAT", top),
	}
	images, orientations := of("DT_STRING"), of("DT_INT32")
	const method = "tensorflow/serving/predict"
	signatures := map[string]signature{
		export.DefaultSignature:  {map[string]tensor{"images": images}, outputs, method},
		export.OrientedSignature: {map[string]tensor{"images": images, "orientations": orientations}, outputs, method},
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"model_spec": map[string]string{"name": s.config.Name, "signature_name": "", "version": strconv.Itoa(s.config.Version)},
		"metadata":   map[string]any{"signature_def": map[string]any{"signature_def": signatures}},
	})
	return nil
}
