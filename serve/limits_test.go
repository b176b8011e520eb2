package serve

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"alexnet/internal/testmodel"
)

// hold blocks a server's batcher after its first batch until it is freed.
type hold struct {
	reached chan struct{}
	freed   chan struct{}
	once    sync.Once
}

func holdBatcher(s *Server) *hold {
	h := &hold{reached: make(chan struct{}), freed: make(chan struct{})}
	ran, first := s.batcher.observe, true
	s.batcher.observe = func(n int, took time.Duration) {
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

// A request beyond the queue limit is rejected; a client that disconnects frees its
// place; the other images form a batch.
func TestQueueLimit(t *testing.T) {
	s, url := startServer(t, Config{Queue: 3, MaxImages: 3})
	h := holdBatcher(s)
	defer h.free()
	var sizes []int
	hold := s.batcher.observe
	s.batcher.observe = func(n int, took time.Duration) {
		sizes = append(sizes, n)
		hold(n, took)
	}
	img := func() *bytes.Reader { return bytes.NewReader(testmodel.JPEG(1)) }
	send(t, "POST", url+"/classify", "", img()).want(t, 200)
	<-h.reached

	leave, cancel := context.WithCancel(context.Background())
	defer cancel()
	var clients sync.WaitGroup
	for i := range 3 {
		clients.Go(func() {
			r, err := http.NewRequest("POST", url+"/classify", img())
			must(t, err)
			if i == 0 {
				if response, err := http.DefaultTransport.RoundTrip(r.WithContext(leave)); err == nil {
					response.Body.Close()
					t.Error("got a response to a client that disconnected")
				}
				return
			}
			do(t, r).want(t, 200)
		})
	}
	until(t, "three images are queued", func() bool { return len(s.batcher.queue) == 3 })
	if got := send(t, "POST", url+"/classify", "", img()).want(t, 429); got.header.Get("Retry-After") == "" {
		t.Error("got no Retry-After")
	}
	cancel()
	until(t, "one client has disconnected", func() bool { return gauge(t, s, "alexnet_queue_images") == 2 })
	h.free()
	clients.Wait()
	s.batcher.close()
	s.batcher.closed = make(chan struct{}) // for the server's own Close
	if len(sizes) != 2 || sizes[0] != 1 || sizes[1] != 2 {
		t.Errorf("got batches of %v, want one of 1 and, without the client that disconnected, one of 2", sizes)
	}
}

// A request that times out gets status 504 and frees its place in the queue.
func TestTimeout(t *testing.T) {
	s, url := startServer(t, Config{Timeout: 300 * time.Millisecond})
	h := holdBatcher(s)
	defer h.free()
	_, err := s.classify(t.Context(), []requestImage{{encoded: testmodel.JPEG(1)}}) // without a timeout
	must(t, err)
	<-h.reached
	send(t, "POST", url+"/classify", "", bytes.NewReader(testmodel.JPEG(1))).want(t, 504)
	if n := gauge(t, s, "alexnet_queue_images"); n != 0 {
		t.Errorf("got %v images in the queue, want none", n)
	}
}

// The total size of bodies in memory is limited, to more than one of the maximum size.
func TestBodyLimit(t *testing.T) {
	s, url := startServer(t, Config{MaxBody: 10_000})
	if !s.bodies.TryAcquire(maxBodies*10_000 - 100) {
		t.Fatal("no memory reserved at the start")
	}
	send(t, "POST", url+"/classify", "", bytes.NewReader(testmodel.JPEG(1))).want(t, 429)
	s.bodies.Release(maxBodies*10_000 - 100)
	send(t, "POST", url+"/classify", "", bytes.NewReader(testmodel.JPEG(1))).want(t, 200)
	if n := gauge(t, s, "alexnet_body_bytes"); n != 0 {
		t.Errorf("got %v bytes in use, want none", n)
	}
}

// The total number of pixels is limited.
func TestPixelLimit(t *testing.T) {
	_, url := startServer(t, Config{MaxPixels: 5000})
	images := make([][]byte, 5) // of 4800 pixels
	for i := range images {
		images[i] = testmodel.JPEG(i)
	}
	kind, body := form(t, images...)
	send(t, "POST", url+"/classify", kind, body).want(t, 413)
	kind, body = form(t, images[:4]...)
	send(t, "POST", url+"/classify", kind, body).want(t, 200)
}

// A model with larger input images has fewer of them in memory.
func TestLargerModelsUseSmallerBatches(t *testing.T) {
	for side, want := range map[int][2]int{67: {32, 128}, 227: {32, 128}, 454: {8, 32}, 4003: {1, 2}} {
		if batch, decoded := (Config{Batch: 32}).batchSizes(side); batch != want[0] || decoded != want[1] {
			t.Errorf("side %d: got a batch of %d and %d decoded, want %v", side, batch, decoded, want)
		}
	}
}

// An image waits for others during the batching delay: a full batch ends it, and so
// does the delay.
func TestBatchingDelay(t *testing.T) {
	for _, c := range []struct {
		delay  time.Duration
		images int
	}{{time.Minute, 2}, {10 * time.Millisecond, 1}} {
		s, url := startServer(t, Config{Batch: 2, BatchWait: c.delay, Timeout: 30 * time.Second})
		var sizes []int
		s.batcher.observe = func(n int, took time.Duration) { sizes = append(sizes, n) }
		kind, body := form(t, slices.Repeat([][]byte{testmodel.JPEG(1)}, c.images)...)
		send(t, "POST", url+"/classify", kind, body).want(t, 200)
		s.batcher.close()
		s.batcher.closed = make(chan struct{}) // for the server's own Close
		if len(sizes) != 1 || sizes[0] != c.images {
			t.Errorf("delay %v: got batches of %v, want one of %d", c.delay, sizes, c.images)
		}
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]Config{
		"batch": {Batch: -1}, "name": {Name: "a/b"}, "queue below images": {Queue: 10, MaxImages: 20},
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
