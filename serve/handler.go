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

// endpoint answers a request, or says why not before it has answered.
type endpoint func(w http.ResponseWriter, r *http.Request) error

// Handler is all of the server's paths, for a server or a test of your own.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	open := func(path, name string, methods map[string]endpoint) {
		mux.Handle(path, s.observed(name, only(methods)))
	}
	guarded := func(path, name string, methods map[string]endpoint) {
		mux.Handle(path, s.observed(name, s.authorised(only(methods))))
	}
	get := func(e endpoint) map[string]endpoint { return map[string]endpoint{http.MethodGet: e} }
	for path, file := range pages {
		open(path, "page", get(file.serve))
	}
	open("/healthz", "healthz", get(s.healthy))
	open("/readyz", "readyz", get(s.ready))
	metrics := promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
	guarded("/metrics", "metrics", get(func(w http.ResponseWriter, r *http.Request) error {
		metrics.ServeHTTP(w, r)
		return nil
	}))
	guarded("/classify", "classify", map[string]endpoint{http.MethodPost: s.classifyUpload})
	for _, path := range []string{"/v1/models/{model}", "/v1/models/{model}/versions/{version}"} {
		guarded(path, "model", map[string]endpoint{http.MethodGet: s.modelStatus, http.MethodPost: s.modelPredict})
		guarded(path+"/metadata", "metadata", get(s.modelMetadata))
	}
	open("/", "none", map[string]endpoint{"": func(w http.ResponseWriter, r *http.Request) error {
		return problem{http.StatusNotFound, errors.New("find page: there is none of this name")}
	}})
	return mux
}

// only leads a request to the endpoint of its method; "" stands for all, and
// HEAD for GET.
func only(methods map[string]endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		for _, m := range []string{method, ""} {
			if e, ok := methods[m]; ok {
				return e(w, r)
			}
		}
		return notAllowed(w, r, methods)
	}
}

func notAllowed(w http.ResponseWriter, r *http.Request, methods map[string]endpoint) error {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		if methods[m] != nil {
			allowed = append(allowed, m)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return problem{http.StatusMethodNotAllowed, errors.New("method not allowed: want " + strings.Join(allowed, " or "))}
}

// authorised asks for the token, if there is one.
func (s *Server) authorised(e endpoint) endpoint {
	want := sha256.Sum256([]byte(s.config.Token))
	return func(w http.ResponseWriter, r *http.Request) error {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(token)) // of one length, whatever was sent
		right := strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
		if s.config.Token != "" && !right {
			w.Header().Set("WWW-Authenticate", `Bearer realm="alexnet"`)
			return problem{http.StatusUnauthorized, errors.New("authorise: want the server's bearer token")}
		}
		return e(w, r)
	}
}

// observed gives a request its time, and counts, logs and answers for what
// becomes of it.
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

// recorder remembers the status, and makes an answer the last one on its
// connection when the server has begun to stop meanwhile.
type recorder struct {
	http.ResponseWriter
	status   int
	draining *atomic.Bool
	begun    bool
}

func (r *recorder) WriteHeader(status int) {
	if r.status, r.begun = status, true; r.draining.Load() {
		r.Header().Set("Connection", "close")
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if !r.begun {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(p)
}

func (s *Server) healthy(w http.ResponseWriter, r *http.Request) error {
	return say(w, http.StatusOK, "ok")
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	if s.draining.Load() {
		return say(w, http.StatusServiceUnavailable, "draining")
	}
	return say(w, http.StatusOK, "ok")
}

func say(w http.ResponseWriter, status int, word string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(word + "\n")) // who has left does not read it
	return nil
}
