package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"alexnet/internal/testmodel"
)

// listenAndServe runs the server on a local address. stop ends it and checks the error
// of Serve.
func listenAndServe(t *testing.T, s *Server) (addr string, stop func(want error)) {
	t.Helper()
	return serveOn(t, s, listen(t))
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return l
}

func serveOn(t *testing.T, s *Server, l net.Listener) (addr string, stop func(want error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	return l.Addr().String(), func(want error) {
		t.Helper()
		cancel()
		if err := <-ended; (err == nil) != (want == nil) {
			t.Errorf("Serve: got %v, want %v", err, want)
		}
	}
}

// Under load, every accepted request is answered; later ones get no connection.
func TestDrainAnswersAllRequests(t *testing.T) {
	s := newServer(t, Config{DrainDelay: 50 * time.Millisecond})
	hold := holdBatcher(s)
	defer hold.free()
	addr, stop := listenAndServe(t, s)
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var answered, late atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for {
				r, err := client.Post("http://"+addr+"/classify", "", bytes.NewReader(testmodel.JPEG(1)))
				if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) {
					return // the server had not accepted the connection
				}
				if err != nil {
					t.Errorf("request lost: %v", err)
					return
				}
				text, err := io.ReadAll(r.Body)
				r.Body.Close()
				if err != nil || r.StatusCode != 200 || !strings.Contains(string(text), `"class"`) {
					t.Errorf("request lost: %d %q %v", r.StatusCode, text, err)
				}
				answered.Add(1)
				if s.draining.Load() {
					late.Add(1)
				}
			}
		})
	}
	<-hold.reached
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop(nil)
	}()
	until(t, "the server is draining", s.draining.Load)
	hold.free()
	<-stopped
	clients.Wait()
	handled := countRequests(t, s, "classify")
	if answered.Load() != handled || late.Load() == 0 {
		t.Errorf("got %d responses, %d of them while draining, want %d and at least one", answered.Load(), late.Load(), handled)
	}
}

// countRequests returns the number of answered requests of an endpoint, from the metrics.
func countRequests(t *testing.T, s *Server, endpoint string) int64 {
	t.Helper()
	var total float64
	families, err := s.metrics.registry.Gather()
	must(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "alexnet_requests_total" && l.GetName() == "endpoint" && l.GetValue() == endpoint {
					total += m.GetCounter().GetValue()
				}
			}
		}
	}
	return int64(total)
}

// gauge returns the value of a gauge from the metrics.
func gauge(t *testing.T, s *Server, name string) float64 {
	t.Helper()
	families, err := s.metrics.registry.Gather()
	must(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// heldListener accepts connections until it is freed, even if Close was called before.
type heldListener struct {
	net.Listener
	closing func() // announces that Close was called
	freed   chan struct{}
}

func (l *heldListener) Close() error {
	l.closing()
	<-l.freed
	return l.Listener.Close()
}

// While draining, /readyz returns 503, /healthz 200, and responses close their
// connections. A request that takes longer than Drain is canceled.
func TestDraining(t *testing.T) {
	s := newServer(t, Config{Drain: 10 * time.Millisecond})
	hold := holdBatcher(s)
	defer hold.free()
	closing := make(chan struct{})
	listener := &heldListener{listen(t), sync.OnceFunc(func() { close(closing) }), make(chan struct{})}
	addr, stop := serveOn(t, s, listener)
	get := func(path string) reply { return send(t, "GET", "http://"+addr+path, "", nil) }
	if got := get("/readyz"); got.status != 200 || got.text != "ok\n" {
		t.Errorf("ready: got %+v", got)
	}
	slow := make(chan error, 1)
	go func() {
		for range 2 { // the first is answered, then the batcher blocks
			r, err := http.Post("http://"+addr+"/classify", "", bytes.NewReader(testmodel.JPEG(1)))
			if err != nil {
				slow <- err
				return
			}
			r.Body.Close()
		}
		slow <- nil
	}()
	<-hold.reached
	until(t, "the second request is queued", func() bool { return len(s.batcher.queue) == 1 })
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop(errors.New("canceled"))
	}()
	<-closing // connections are still accepted
	if got := get("/readyz"); got.status != 503 || !got.last {
		t.Errorf("draining: got %+v, want 503 and the connection closed", got)
	}
	if got := get("/healthz"); got.status != 200 {
		t.Errorf("draining: got health %+v, want 200", got)
	}
	close(listener.freed)
	<-stopped
	if err := <-slow; err == nil {
		t.Error("got a response to a canceled request")
	}
}
