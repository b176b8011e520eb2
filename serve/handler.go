package serve

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// endpoint handles a request, or returns an error before it has written a response.
type endpoint func(w http.ResponseWriter, r *http.Request) error

// Handler returns the handler of all paths, for use in another server or in a test.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{} // by path
	handle := func(method, path, name string, e endpoint) {
		mux.Handle(method+" "+path, s.observed(name, e))
		methods[path] = append(methods[path], method)
	}
	for path, file := range pages {
		handle("GET", path, "page", file.serve)
	}
	handle("GET", "/healthz", "healthz", s.healthy)
	handle("GET", "/readyz", "readyz", s.ready)
	metrics := promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
	handle("GET", "/metrics", "metrics", s.authorized(func(w http.ResponseWriter, r *http.Request) error {
		metrics.ServeHTTP(w, r)
		return nil
	}))
	handle("POST", "/classify", "classify", s.authorized(s.classifyUpload))
	for _, path := range []string{"/v1/models/{model}", "/v1/models/{model}/versions/{version}"} {
		handle("GET", path, "model", s.authorized(s.modelStatus))
		handle("POST", path, "model", s.authorized(s.modelPredict))
		handle("GET", path+"/metadata", "metadata", s.authorized(s.modelMetadata))
	}
	for path, allowed := range methods {
		allow := strings.Replace(strings.Join(allowed, ", "), "GET", "GET, HEAD", 1)
		mux.Handle(path, s.observed("none", func(w http.ResponseWriter, r *http.Request) error {
			return methodNotAllowed(w, allow)
		}))
	}
	mux.Handle("/", s.observed("none", func(w http.ResponseWriter, r *http.Request) error {
		return problem{http.StatusNotFound, errors.New("page not found")}
	}))
	return mux
}

func methodNotAllowed(w http.ResponseWriter, allow string) error {
	w.Header().Set("Allow", allow)
	return problem{http.StatusMethodNotAllowed, errors.New("method not allowed: want " + allow)}
}

// authorized requires the token, if there is one.
func (s *Server) authorized(e endpoint) endpoint {
	want := sha256.Sum256([]byte(s.config.Token))
	return func(w http.ResponseWriter, r *http.Request) error {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(token)) // same length for any token
		valid := strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
		if s.config.Token != "" && !valid {
			w.Header().Set("WWW-Authenticate", `Bearer realm="alexnet"`)
			return problem{http.StatusUnauthorized, errors.New("authorize: want the server's bearer token")}
		}
		return e(w, r)
	}
}

// observed sets the request's timeout, counts and logs the request, and responds to its error.
func (s *Server) observed(name string, e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), s.config.Timeout)
		defer cancel()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		recorder := &recorder{ResponseWriter: w, status: http.StatusOK, draining: &s.draining}
		err := e(recorder, r.WithContext(ctx))
		if err != nil {
			fail(recorder, err)
			recorder.status = statusOf(err)
		}
		took := time.Since(start)
		s.metrics.request(name, recorder.status, took)
		s.log(r, recorder.status, took, err)
	})
}

func (s *Server) log(r *http.Request, status int, took time.Duration, err error) {
	log := s.config.Log.Debug
	if status == http.StatusInternalServerError {
		log = s.config.Log.Error
	}
	attrs := []any{"method", r.Method, "path", r.URL.Path, "status", status, "took", took.Round(time.Microsecond), "from", r.RemoteAddr}
	if err != nil {
		attrs = append(attrs, "error", err)
	}
	log("request", attrs...)
}

// recorder records the status, and closes the connection after the response if the server is draining.
type recorder struct {
	http.ResponseWriter
	status      int
	draining    *atomic.Bool
	wroteHeader bool
}

func (r *recorder) WriteHeader(status int) {
	if r.status, r.wroteHeader = status, true; r.draining.Load() {
		r.Header().Set("Connection", "close")
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if !r.wroteHeader {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(p)
}

func (s *Server) healthy(w http.ResponseWriter, r *http.Request) error {
	return plainText(w, http.StatusOK, "ok")
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	if s.draining.Load() {
		return plainText(w, http.StatusServiceUnavailable, "draining")
	}
	return plainText(w, http.StatusOK, "ok")
}

func plainText(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client may have disconnected
	return nil
}
