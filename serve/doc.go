// Package serve answers HTTP requests with what is on pictures. Start with [New]
// and [Server.Serve]:
//
//	POST /v1/models/NAME:predict   TensorFlow Serving's REST API, with its
//	GET  /v1/models/NAME           status and /metadata
//	POST /classify                 a picture, or a form with several
//	GET  /                         a page to drop pictures on
//	GET  /healthz /readyz /metrics
//
// Pictures are decoded as they arrive, as many at a time as there are
// processors, and go through the network in batches of whatever has been decoded
// meanwhile: alone when nothing else waits. Memory is bounded by Config: bodies,
// pictures that wait, pixels. What does not fit is refused with 429, nothing is
// queued without end.
//
// Whatever a request holds, the answer is not of the 500s, and one that was
// accepted is answered before Serve returns, unless Config.Drain runs out. A
// client that goes away frees its place.
package serve
