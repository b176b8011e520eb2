package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// body is a request's body in memory, for which bytes are taken from the
// server's allowance as they arrive: a slow client holds what it has sent.
type body struct {
	server *Server
	bytes  bytes.Buffer
	taken  int64
}

// readBody reads the body to its end, within the limits. The caller releases it.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (*body, error) {
	if r.ContentLength > s.config.MaxBody {
		return nil, tooLargeBody(s.config.MaxBody)
	}
	b := &body{server: s}
	limited := http.MaxBytesReader(w, r.Body, s.config.MaxBody)
	if _, err := b.bytes.ReadFrom(io.TeeReader(limited, b)); err != nil {
		b.release()
		return nil, bodyError(err, s.config.MaxBody)
	}
	return b, nil
}

// Write counts what has been read.
func (b *body) Write(p []byte) (int, error) {
	if !b.server.bodies.take(int64(len(p))) {
		return 0, errBusy
	}
	b.taken += int64(len(p))
	return len(p), nil
}

func (b *body) release() {
	b.server.bodies.give(b.taken)
	b.taken = 0
}

func tooLargeBody(most int64) error {
	return problem{http.StatusRequestEntityTooLarge, fmt.Errorf("read body: is too large: want at most %d bytes", most)}
}

func bodyError(err error, most int64) error {
	var tooLarge *http.MaxBytesError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errBusy):
		return err
	case errors.As(err, &tooLarge):
		return tooLargeBody(most)
	case errors.As(err, &timeout) && timeout.Timeout():
		return problem{http.StatusRequestTimeout, errors.New("read body: took too long")}
	}
	return problem{http.StatusBadRequest, fmt.Errorf("read body: %w", err)}
}
