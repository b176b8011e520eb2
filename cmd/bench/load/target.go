package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// target is a server and the requests for it.
type target struct {
	url    string
	bodies [][]byte
	client *http.Client
}

func newTarget(url, api string, p images) *target {
	t := &target{url: url + "classify", bodies: p.bodies,
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}}
	if api == "predict" {
		t.url, t.bodies = url+"v1/models/alexnet:predict", nil
		for _, b := range p.bodies {
			text, err := json.Marshal(map[string]any{"instances": []map[string][]byte{{"b64": b}}})
			if err != nil {
				panic(err) // it contains only bytes
			}
			t.bodies = append(t.bodies, text)
		}
	}
	return t
}

func (t *target) close() { t.client.CloseIdleConnections() }

// ask sends the i-th request and reports whether it succeeded.
func (t *target) ask(i int) bool {
	response, err := t.client.Post(t.url, "", bytes.NewReader(t.bodies[i%len(t.bodies)]))
	if err != nil {
		return false
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return err == nil && response.StatusCode == http.StatusOK && bytes.Contains(text, []byte(`"class"`))
}

// outcome summarizes some requests.
type outcome struct {
	took  []time.Duration // of each response, sorted
	lost  int
	total time.Duration
}

func (o outcome) rate() float64 { return float64(len(o.took)) / o.total.Seconds() }

// at is a quantile of the latency.
func (o outcome) at(share float64) time.Duration {
	if len(o.took) == 0 {
		return 0
	}
	return round(o.took[min(int(share*float64(len(o.took))), len(o.took)-1)])
}

func (o *outcome) add(ok bool, took time.Duration) {
	if ok {
		o.took = append(o.took, took)
	} else {
		o.lost++
	}
}

// saturate runs clients that send the next request as soon as they have a response. The first requests are not timed.
func (t *target) saturate(requests, clients int) outcome {
	warm := min(10*clients, requests/4)
	first := t.closedLoop(warm, clients)
	full := t.closedLoop(requests-warm, clients)
	full.lost += first.lost
	return full
}

func (t *target) closedLoop(requests, clients int) (o outcome) {
	var next atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(requests); i = next.Add(1) - 1 {
				asked := time.Now()
				ok := t.ask(int(i))
				mu.Lock()
				o.add(ok, time.Since(asked))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	o.total = time.Since(start)
	slices.Sort(o.took)
	return o
}

// atRate sends requests at random times, as independent clients do (a Poisson process). A request's latency counts from the
// time when it was due, so that a slow response does not hide those behind it.
func (t *target) atRate(requests int, rate float64) (o outcome) {
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	due := start
	for i := range requests {
		due = due.Add(time.Duration(random.ExpFloat64() / rate * float64(time.Second)))
		time.Sleep(time.Until(due))
		at := due
		wg.Go(func() {
			ok := t.ask(i)
			mu.Lock()
			defer mu.Unlock()
			o.add(ok, time.Since(at))
		})
	}
	wg.Wait()
	o.total = time.Since(start)
	slices.Sort(o.took)
	return o
}
