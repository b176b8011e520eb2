package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// requestBody is a request's body in memory. It reserves bytes of the server's limit
// as they arrive, so a slow client only holds what it has sent.
type requestBody struct {
	server   *Server
	bytes    bytes.Buffer
	reserved int64
}

// readBody reads the complete body within the limits. The caller releases it.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (*requestBody, error) {
	if r.ContentLength > s.config.MaxBody {
		return nil, bodyTooLarge(s.config.MaxBody)
	}
	b := &requestBody{server: s}
	limited := http.MaxBytesReader(w, r.Body, s.config.MaxBody)
	if _, err := b.bytes.ReadFrom(io.TeeReader(limited, b)); err != nil {
		b.release()
		return nil, bodyError(err, s.config.MaxBody)
	}
	return b, nil
}

// Write reserves memory for the bytes that were read.
func (b *requestBody) Write(p []byte) (int, error) {
	n := int64(len(p))
	if !b.server.bodies.TryAcquire(n) {
		return 0, errBusy
	}
	b.server.metrics.bodyBytes.Add(float64(n))
	b.reserved += n
	return len(p), nil
}

func (b *requestBody) release() {
	b.server.metrics.bodyBytes.Sub(float64(b.reserved))
	b.server.bodies.Release(b.reserved)
	b.reserved = 0
}

func bodyTooLarge(limit int64) error {
	return problem{http.StatusRequestEntityTooLarge, fmt.Errorf("read body: too large: want at most %d bytes", limit)}
}

func bodyError(err error, limit int64) error {
	var tooLarge *http.MaxBytesError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errBusy):
		return err
	case errors.As(err, &tooLarge):
		return bodyTooLarge(limit)
	case errors.As(err, &timeout) && timeout.Timeout():
		return problem{http.StatusRequestTimeout, errors.New("read body: timeout")}
	}
	return problem{http.StatusBadRequest, fmt.Errorf("read body: %w", err)}
}
