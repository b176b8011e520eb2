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

// upload is a file of a form.
type upload struct {
	name    string
	encoded []byte
}

// named is the answer to one file of a form: a result or an error.
type named struct {
	Name string `json:"name"`
	*classify.Result
	Error string `json:"error,omitempty"`
}

// classifyUpload answers a body that is a picture with its result, and a form
// with those of all its files, in order.
func (s *Server) classifyUpload(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	defer body.release()
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		files, err := parseForm(body.bytes.Bytes(), params["boundary"], s.config.MaxPictures)
		if err != nil {
			return err
		}
		return s.classifyForm(w, r, files)
	}
	outcomes, err := s.classify(r.Context(), []picture{{encoded: body.bytes.Bytes()}})
	if err != nil {
		return err
	}
	if outcomes[0].err != nil {
		return outcomes[0].err
	}
	answerJSON(w, http.StatusOK, outcomes[0].result)
	return nil
}

func (s *Server) classifyForm(w http.ResponseWriter, r *http.Request, files []upload) error {
	pictures := make([]picture, len(files))
	for i, f := range files {
		pictures[i] = picture{encoded: f.encoded}
	}
	outcomes, err := s.classify(r.Context(), pictures)
	if err != nil {
		return err
	}
	answers := make([]named, len(files))
	for i, o := range outcomes {
		answers[i] = named{Name: files[i].name}
		if o.err != nil {
			answers[i].Error = explain(o.err)
		} else {
			answers[i].Result = &o.result
		}
	}
	answerJSON(w, http.StatusOK, map[string][]named{"pictures": answers})
	return nil
}

// parseForm takes the files out of a form; other fields are passed over.
func parseForm(body []byte, boundary string, most int) ([]upload, error) {
	broken := func(err error) error {
		return problem{http.StatusBadRequest, fmt.Errorf("read form: %.200s", err.Error())}
	}
	if boundary == "" {
		return nil, broken(errors.New("got no boundary"))
	}
	var files []upload
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	for parts := 0; ; parts++ {
		part, err := form.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		if parts >= 2*most || len(files) == most && part.FileName() != "" {
			return nil, tooMany(most)
		}
		if part.FileName() == "" {
			continue
		}
		encoded, err := io.ReadAll(part)
		if err != nil {
			return nil, broken(err)
		}
		files = append(files, upload{part.FileName(), encoded})
	}
	if len(files) == 0 {
		return nil, broken(errors.New("got no file"))
	}
	return files, nil
}
