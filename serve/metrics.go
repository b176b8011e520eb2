package serve

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are the Prometheus metrics of /metrics.
type metrics struct {
	registry     *prometheus.Registry
	requests     *prometheus.CounterVec
	latency      *prometheus.HistogramVec
	batchSize    prometheus.Histogram
	batchSeconds prometheus.Histogram
	images       *prometheus.CounterVec
	queue        prometheus.Gauge
	bodyBytes    prometheus.Gauge
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alexnet_requests_total", Help: "Requests by endpoint and status code."}, []string{"endpoint", "code"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "alexnet_request_seconds", Help: "Time from a request's header to its response.",
			Buckets: prometheus.ExponentialBuckets(.001, 2, 15)}, []string{"endpoint"}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "alexnet_batch_images", Help: "Images per batch.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
		batchSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "alexnet_batch_seconds", Help: "Time to compute a batch.",
			Buckets: prometheus.ExponentialBuckets(.001, 2, 13)}),
		images: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alexnet_images_total", Help: "Images by result."}, []string{"result"}),
		queue: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "alexnet_queue_images", Help: "Images admitted and not yet answered."}),
		bodyBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "alexnet_body_bytes", Help: "Bytes of request bodies in memory."}),
	}
	m.registry.MustRegister(m.requests, m.latency, m.batchSize, m.batchSeconds, m.images, m.queue, m.bodyBytes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(endpoint string, status int, took time.Duration) {
	m.requests.WithLabelValues(endpoint, strconv.Itoa(status)).Inc()
	m.latency.WithLabelValues(endpoint).Observe(took.Seconds())
}

func (m *metrics) batch(images int, took time.Duration) {
	m.batchSize.Observe(float64(images))
	m.batchSeconds.Observe(took.Seconds())
}

func (m *metrics) image(err error) {
	result := "classified"
	switch {
	case isServerError(err):
		result = "canceled"
	case err != nil:
		result = "rejected"
	}
	m.images.WithLabelValues(result).Inc()
}
