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

// What a client may take for its headers and between two requests.
const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 64 << 10
)

// Serve answers on the listener until ctx ends, then stops: /readyz says no,
// answers ask clients to close their connections, after Config.DrainDelay no
// connection is accepted any more, and every request that was accepted has its
// answer before Serve returns nil. Requests that take longer than Config.Drain
// are cut off, which is an error. The listener is closed in any case.
//
// On a loopback address, without a token and without TLS, only requests for
// localhost, a loopback address or one of Config.Hosts are answered: a web page
// elsewhere can have its own name lead to this machine, and read the answers.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	c := &connections{busy: map[net.Conn]bool{}}
	handler := s.Handler()
	if address, ok := listener.Addr().(*net.TCPAddr); ok && address.IP.IsLoopback() && s.config.Token == "" && s.config.TLSCert == "" {
		handler = s.local(handler)
	}
	server := &http.Server{
		Handler:           handler,
		ConnState:         c.changed,
		ReadHeaderTimeout: min(headerTime, s.config.Timeout),
		ReadTimeout:       s.config.Timeout,
		WriteTimeout:      2*s.config.Timeout + headerTime, // the answer's time begins with the header
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

// local refuses requests for another host than this machine.
func (s *Server) local(h http.Handler) http.Handler {
	refuse := s.observed("none", func(w http.ResponseWriter, r *http.Request) error {
		return problem{http.StatusForbidden, fmt.Errorf("find host %.80q: want localhost, a loopback address, or a name given with --hosts", r.Host)}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.isLocal(r.Host) {
			refuse.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// isLocal also holds for no host, which no browser sends.
func (s *Server) isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return host == "" || host == "localhost" || net.ParseIP(host).IsLoopback() || slices.Contains(s.config.Hosts, host)
}

// drain waits for what is under way. http.Server.Shutdown alone would drop the
// requests of connections that were accepted and not yet read from.
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
		return fmt.Errorf("stop serving: requests were not finished within %v", s.config.Drain)
	}
	return err
}

// connections are those that have been accepted and wait for a first request, or
// for the answer to one.
type connections struct {
	mu   sync.Mutex
	busy map[net.Conn]bool
}

func (c *connections) changed(conn net.Conn, state http.ConnState) {
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
