package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"alexnet/classify"
	"alexnet/internal/testmodel"
)

var classes = []string{"ant", "bee", "cat", "dog", "elk", "fox", "gnu"}

// run is a run directory with a tiny model, which all tests share.
var run string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "serve")
	if err != nil {
		panic(err)
	}
	run = filepath.Join(dir, "run")
	if err := testmodel.Write(run, classes...); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// startServer returns a server of run and its URL; both are closed when the test ends.
func startServer(t testing.TB, config Config) (*Server, string) {
	t.Helper()
	s := newServer(t, config)
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	return s, h.URL
}

func newServer(t testing.TB, config Config) *Server {
	t.Helper()
	s, err := New(context.Background(), run, config)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// reply is a complete response.
type reply struct {
	status int
	header http.Header
	text   string
	last   bool // closes its connection
}

func send(t testing.TB, method, url, kind string, body io.Reader) reply {
	t.Helper()
	request, err := http.NewRequest(method, url, body)
	must(t, err)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	return do(t, request)
}

func do(t testing.TB, request *http.Request) reply {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(request)
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return reply{response.StatusCode, response.Header, string(text), response.Close}
}

func post(t testing.TB, url, body string) reply {
	t.Helper()
	return send(t, http.MethodPost, url, "", strings.NewReader(body))
}

// want checks a response's status, and that an error has TensorFlow Serving's format.
func (r reply) want(t testing.TB, status int) reply {
	t.Helper()
	if r.status != status {
		t.Errorf("got %d %q, want %d", r.status, r.text, status)
	}
	if r.status >= 400 {
		var e struct{ Error string }
		if err := json.Unmarshal([]byte(r.text), &e); err != nil || e.Error == "" || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("got %q as %s, want an error in JSON", r.text, r.header.Get("Content-Type"))
		}
	}
	return r
}

func (r reply) read(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.text), into); err != nil {
		t.Errorf("read %q: %v", r.text, err)
	}
}

// b64 is {"b64": "…"} of the bytes.
func b64(encoded []byte) string {
	text, err := json.Marshal(map[string][]byte{"b64": encoded})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// form encodes a form with files and another field.
func form(t testing.TB, files ...[]byte) (kind string, body *bytes.Buffer) {
	t.Helper()
	body = new(bytes.Buffer)
	w := multipart.NewWriter(body)
	must(t, w.WriteField("comment", "none"))
	for i, f := range files {
		part, err := w.CreateFormFile("image", fmt.Sprintf("%d.jpg", i))
		must(t, err)
		_, err = part.Write(f)
		must(t, err)
	}
	must(t, w.Close())
	return w.FormDataContentType(), body
}

// classifyAlone returns the model's result for an image.
func classifyAlone(t testing.TB, s *Server, p classify.Image) classify.Result {
	t.Helper()
	r, err := s.model.Classify(context.Background(), p)
	must(t, err)
	return r
}

// near compares probabilities, whose last bits depend on the batch.
func near(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
