package serve

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"alexnet/internal/testmodel"
)

// hold keeps a server's batcher busy after its first batch, until it is freed.
type hold struct {
	reached chan struct{}
	freed   chan struct{}
	once    sync.Once
}

func held(s *Server) *hold {
	h := &hold{reached: make(chan struct{}), freed: make(chan struct{})}
	ran, first := s.batcher.ran, true
	s.batcher.ran = func(n int, took time.Duration) {
		ran(n, took)
		if first {
			close(h.reached)
			<-h.freed
		}
		first = false
	}
	return h
}

func (h *hold) free() { h.once.Do(func() { close(h.freed) }) }

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for start := time.Now(); !done(); time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// What finds the queue full is refused at once; a client that leaves frees its
// place; the others are computed together.
func TestQueue(t *testing.T) {
	s, url := started(t, Config{Queue: 3, MaxPictures: 3})
	h := held(s)
	defer h.free()
	var sizes []int
	hold := s.batcher.ran
	s.batcher.ran = func(n int, took time.Duration) {
		sizes = append(sizes, n)
		hold(n, took)
	}
	picture := func() *bytes.Reader { return bytes.NewReader(testmodel.JPEG(1)) }
	send(t, "POST", url+"/classify", "", picture()).want(t, 200)
	<-h.reached

	leave, cancel := context.WithCancel(context.Background())
	defer cancel()
	var clients sync.WaitGroup
	for i := range 3 {
		clients.Go(func() {
			r, err := http.NewRequest("POST", url+"/classify", picture())
			must(t, err)
			if i == 0 {
				if response, err := http.DefaultTransport.RoundTrip(r.WithContext(leave)); err == nil {
					response.Body.Close()
					t.Error("got an answer to a client that left")
				}
				return
			}
			do(t, r).want(t, 200)
		})
	}
	until(t, "three wait", func() bool { return len(s.batcher.jobs) == 3 })
	if got := send(t, "POST", url+"/classify", "", picture()).want(t, 429); got.header.Get("Retry-After") == "" {
		t.Error("got no Retry-After")
	}
	cancel()
	until(t, "one left", func() bool { return s.places.inUse() == 2 })
	h.free()
	clients.Wait()
	s.batcher.close()
	s.batcher.quit = make(chan struct{}) // for the server's own Close
	if len(sizes) != 2 || sizes[0] != 1 || sizes[1] != 2 {
		t.Errorf("got batches of %v, want one of 1 and, without the client that left, one of 2", sizes)
	}
}

// A request whose time is over is told so, and its place is free.
func TestTimeout(t *testing.T) {
	const timeout = time.Second
	s, url := started(t, Config{Timeout: timeout})
	h := held(s)
	defer h.free()
	_, err := s.classify(t.Context(), []picture{{encoded: testmodel.JPEG(1)}}) // as long as it takes
	must(t, err)
	<-h.reached
	start := time.Now()
	send(t, "POST", url+"/classify", "", bytes.NewReader(testmodel.JPEG(1))).want(t, 504)
	if took := time.Since(start); took < timeout || took > 20*time.Second {
		t.Errorf("got the answer after %v, want it after %v", took, timeout)
	}
	if n := s.places.inUse(); n != 0 {
		t.Errorf("got %d places in use, want none", n)
	}
}

// Bodies in memory are limited together, and more than one of the largest fits.
func TestBodiesAreLimited(t *testing.T) {
	s, url := started(t, Config{MaxBody: 10_000})
	if !s.bodies.take(bodies*10_000 - 100) {
		t.Fatal("got no room at the start")
	}
	send(t, "POST", url+"/classify", "", bytes.NewReader(testmodel.JPEG(1))).want(t, 429)
	s.bodies.give(bodies*10_000 - 100)
	send(t, "POST", url+"/classify", "", bytes.NewReader(testmodel.JPEG(1))).want(t, 200)
	if n := s.bodies.inUse(); n != 0 {
		t.Errorf("got %d bytes in use, want none", n)
	}
}

// Large pictures are limited together too.
func TestPixelsAreLimited(t *testing.T) {
	_, url := started(t, Config{MaxPixels: 5000})
	pictures := make([][]byte, 5) // of 4800 pixels
	for i := range pictures {
		pictures[i] = testmodel.JPEG(i)
	}
	kind, body := form(t, pictures...)
	send(t, "POST", url+"/classify", kind, body).want(t, 413)
	kind, body = form(t, pictures[:4]...)
	send(t, "POST", url+"/classify", kind, body).want(t, 200)
}

// A model whose pictures are larger has fewer of them in memory.
func TestLargerModelsTakeFewerPictures(t *testing.T) {
	for side, want := range map[int][2]int{67: {32, 128}, 227: {32, 128}, 454: {8, 32}, 4003: {1, 2}} {
		if batch, decoded := (Config{Batch: 32}).share(side); batch != want[0] || decoded != want[1] {
			t.Errorf("side %d: got a batch of %d and %d decoded, want %v", side, batch, decoded, want)
		}
	}
}

// With --batch-wait a picture waits for others, but no longer.
func TestBatchWait(t *testing.T) {
	_, url := started(t, Config{Batch: 2, BatchWait: 400 * time.Millisecond})
	start := time.Now()
	send(t, "POST", url+"/classify", "", bytes.NewReader(testmodel.JPEG(1))).want(t, 200)
	if took := time.Since(start); took < 350*time.Millisecond {
		t.Errorf("alone: got an answer after %v, want 400 ms", took)
	}
	_, url = started(t, Config{Batch: 2, BatchWait: 30 * time.Second, Timeout: time.Minute})
	start = time.Now()
	kind, body := form(t, testmodel.JPEG(1), testmodel.JPEG(2))
	send(t, "POST", url+"/classify", kind, body).want(t, 200)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("a full batch: got an answer after %v, want it at once", took)
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]Config{
		"batch": {Batch: -1}, "name": {Name: "a/b"}, "queue below pictures": {Queue: 10, MaxPictures: 20},
		"half of TLS": {TLSCert: "x"}, "time": {Timeout: -1}, "colon": {Name: "a:predict"},
	} {
		if _, err := New(context.Background(), run, c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	for name, c := range map[string]Config{"none": {}, "small queue": {Queue: 3}} {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := New(context.Background(), t.TempDir(), Config{}); err == nil {
		t.Error("no model: got no error")
	}
}
