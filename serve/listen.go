package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits of headers and of idle connections.
const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 64 << 10
)

// Serve accepts connections on the listener until ctx ends, then drains: /readyz returns 503, responses close their
// connections, after Config.DrainDelay no connection is accepted, and every accepted request is answered before Serve
// returns nil. Requests that take longer than Config.Drain are canceled, which is an error. The listener is always
// closed.
//
// On a loopback address, without a token and without TLS, only requests for
// localhost, a loopback address or one of Config.Hosts are accepted: any web page can
// resolve its own name to this machine (DNS rebinding) and read the responses.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	c := &connections{busy: map[net.Conn]bool{}}
	handler := s.Handler()
	if address, ok := listener.Addr().(*net.TCPAddr); ok && address.IP.IsLoopback() && s.config.Token == "" && s.config.TLSCert == "" {
		handler = s.requireLocalHost(handler)
	}
	server := &http.Server{
		Handler:           handler,
		ConnState:         c.connState,
		ReadHeaderTimeout: min(headerTime, s.config.Timeout),
		ReadTimeout:       s.config.Timeout,
		WriteTimeout:      2*s.config.Timeout + headerTime, // starts at the end of the header
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() {
		if s.config.TLSCert != "" {
			ended <- server.ServeTLS(listener, s.config.TLSCert, s.config.TLSKey)
			return
		}
		ended <- server.Serve(listener)
	}()
	select {
	case err := <-ended:
		server.Close()
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	time.Sleep(s.config.DrainDelay)
	listener.Close()
	<-ended
	return s.drain(server, c)
}

// requireLocalHost rejects requests whose host is not this machine.
func (s *Server) requireLocalHost(h http.Handler) http.Handler {
	reject := s.observed("none", func(w http.ResponseWriter, r *http.Request) error {
		return problem{http.StatusForbidden, fmt.Errorf("host %.80q not allowed: want localhost, a loopback address, or a name in --hosts", r.Host)}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.isLocalHost(r.Host) {
			reject.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// isLocalHost also accepts an empty host, which browsers never send.
func (s *Server) isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return host == "" || host == "localhost" || net.ParseIP(host).IsLoopback() || slices.Contains(s.config.Hosts, host)
}

// drain waits for active requests. http.Server.Shutdown alone would drop requests on
// connections that were accepted but not yet read from.
func (s *Server) drain(server *http.Server, c *connections) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Drain)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for c.anyBusy() && ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		server.Close()
		return fmt.Errorf("drain: requests not completed within %v", s.config.Drain)
	}
	return err
}

// connections tracks accepted connections that wait for their first request or for a response.
type connections struct {
	mu   sync.Mutex
	busy map[net.Conn]bool
}

func (c *connections) connState(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateNew || state == http.StateActive {
		c.busy[conn] = true
	} else {
		delete(c.busy, conn)
	}
}

func (c *connections) anyBusy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.busy) > 0
}
