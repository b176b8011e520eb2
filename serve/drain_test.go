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

// serving runs the server on an address of this machine. stop ends it, and checks
// what Serve returned.
func serving(t *testing.T, s *Server) (addr string, stop func(want error)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
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

// Under load, every request that the server accepted gets its answer, and those
// that come after find no server.
func TestStopLosesNoRequest(t *testing.T) {
	s := made(t, Config{DrainDelay: 300 * time.Millisecond})
	addr, stop := serving(t, s)
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
					t.Errorf("lost: %v", err)
					return
				}
				text, err := io.ReadAll(r.Body)
				r.Body.Close()
				if err != nil || r.StatusCode != 200 || !strings.Contains(string(text), `"class"`) {
					t.Errorf("lost: %d %q %v", r.StatusCode, text, err)
				}
				answered.Add(1)
				if s.draining.Load() {
					late.Add(1)
				}
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	stop(nil)
	clients.Wait()
	handled := counted(t, s, "classify")
	t.Logf("%d answers, %d of them while it stopped", answered.Load(), late.Load())
	if answered.Load() != handled || late.Load() == 0 {
		t.Errorf("got %d answers, %d of them while it stopped, want the %d that were given, and some", answered.Load(), late.Load(), handled)
	}
}

// counted is how many requests of an endpoint the server says it has answered.
func counted(t *testing.T, s *Server, endpoint string) int64 {
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

// While it stops, /readyz says so, /healthz does not, and answers close their
// connections. A request that takes longer than Drain is cut off.
func TestDraining(t *testing.T) {
	s := made(t, Config{DrainDelay: 3 * time.Second, Drain: 200 * time.Millisecond})
	hold := held(s)
	defer hold.free()
	addr, stop := serving(t, s)
	get := func(path string) reply { return send(t, "GET", "http://"+addr+path, "", nil) }
	if got := get("/readyz"); got.status != 200 || got.text != "ok\n" {
		t.Errorf("ready: got %+v", got)
	}
	slow := make(chan error, 1)
	go func() {
		for range 2 { // the first is answered, and then the batcher is held
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
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop(errors.New("cut off"))
	}()
	for !s.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	if got := get("/readyz"); got.status != 503 || !got.last {
		t.Errorf("draining: got %+v, want 503 and the connection closed", got)
	}
	if got := get("/healthz"); got.status != 200 {
		t.Errorf("draining: got health %+v, want 200", got)
	}
	<-stopped
	if err := <-slow; err == nil {
		t.Error("got an answer to a request that was cut off")
	}
}
