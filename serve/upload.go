package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"alexnet/classify"
)

// fileResult is the result for a file in a form, or its error.
type fileResult struct {
	Name string `json:"name"`
	*classify.Result
	Error string `json:"error,omitempty"`
}

// classifyUpload classifies the image in the body, or all files of a form, in order.
func (s *Server) classifyUpload(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	defer body.release()
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		names, images, err := parseForm(body.bytes.Bytes(), params["boundary"], s.config.MaxImages)
		if err != nil {
			return err
		}
		return s.classifyForm(w, r, names, images)
	}
	outcomes, err := s.classify(r.Context(), []requestImage{{encoded: body.bytes.Bytes()}})
	if err != nil {
		return err
	}
	if outcomes[0].err != nil {
		return outcomes[0].err
	}
	answerJSON(w, http.StatusOK, outcomes[0].result)
	return nil
}

func (s *Server) classifyForm(w http.ResponseWriter, r *http.Request, names []string, images []requestImage) error {
	outcomes, err := s.classify(r.Context(), images)
	if err != nil {
		return err
	}
	answers := make([]fileResult, len(names))
	for i, o := range outcomes {
		answers[i] = fileResult{Name: names[i]}
		if o.err != nil {
			answers[i].Error = clientMessage(o.err)
		} else {
			answers[i].Result = &o.result
		}
	}
	answerJSON(w, http.StatusOK, map[string][]fileResult{"images": answers})
	return nil
}

// parseForm returns the files of a form and their names. It ignores other fields.
func parseForm(body []byte, boundary string, maxImages int) (names []string, images []requestImage, err error) {
	badRequest := func(err error) error {
		return problem{http.StatusBadRequest, fmt.Errorf("read form: %.200s", err.Error())}
	}
	if boundary == "" {
		return nil, nil, badRequest(errors.New("missing boundary"))
	}
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	for parts := 0; ; parts++ {
		part, err := form.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, badRequest(err)
		}
		if parts >= 2*maxImages || len(images) == maxImages && part.FileName() != "" {
			return nil, nil, tooManyImages(maxImages)
		}
		if part.FileName() == "" {
			continue
		}
		encoded, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, badRequest(err)
		}
		names, images = append(names, part.FileName()), append(images, requestImage{encoded: encoded})
	}
	if len(images) == 0 {
		return nil, nil, badRequest(errors.New("no files"))
	}
	return names, images, nil
}
