package serve

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what /metrics tells Prometheus.
type metrics struct {
	registry     *prometheus.Registry
	requests     *prometheus.CounterVec
	latency      *prometheus.HistogramVec
	batchSize    prometheus.Histogram
	batchSeconds prometheus.Histogram
	pictures     *prometheus.CounterVec
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alexnet_requests_total", Help: "Requests by endpoint and status."}, []string{"endpoint", "code"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "alexnet_request_seconds", Help: "Time from a request's header to its answer.",
			Buckets: prometheus.ExponentialBuckets(.001, 2, 15)}, []string{"endpoint"}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "alexnet_batch_pictures", Help: "Pictures that went through the network together.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
		batchSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "alexnet_batch_seconds", Help: "Time of a batch in the network.",
			Buckets: prometheus.ExponentialBuckets(.001, 2, 13)}),
		pictures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alexnet_pictures_total", Help: "Pictures by what became of them."}, []string{"result"}),
	}
	queue := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "alexnet_queue_pictures", Help: "Pictures admitted and not yet answered."},
		func() float64 { return float64(s.places.inUse()) })
	bytes := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "alexnet_body_bytes", Help: "Bytes of requests in memory."},
		func() float64 { return float64(s.bodies.inUse()) })
	m.registry.MustRegister(m.requests, m.latency, m.batchSize, m.batchSeconds, m.pictures, queue, bytes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(endpoint string, status int, took time.Duration) {
	m.requests.WithLabelValues(endpoint, strconv.Itoa(status)).Inc()
	m.latency.WithLabelValues(endpoint).Observe(took.Seconds())
}

func (m *metrics) batch(pictures int, took time.Duration) {
	m.batchSize.Observe(float64(pictures))
	m.batchSeconds.Observe(took.Seconds())
}

func (m *metrics) picture(err error) {
	result := "classified"
	switch {
	case notOfPicture(err):
		result = "abandoned"
	case err != nil:
		result = "refused"
	}
	m.pictures.WithLabelValues(result).Inc()
}
