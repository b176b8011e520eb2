package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"alexnet/input"
	"alexnet/tfgraph"
)

// problem is an error with an HTTP status.
type problem struct {
	status int
	error
}

func (p problem) Unwrap() error { return p.error }

// errBusy rejects a request because of the queue limit or the memory limit.
var errBusy error = problem{http.StatusTooManyRequests, errors.New("server busy: queue limit reached, retry later")}

// statusClientClosedRequest is logged, as by nginx, if a client disconnects before the response. It is never sent.
const statusClientClosedRequest = 499

// statusOf is the HTTP status of an error.
func statusOf(err error) int {
	var p problem
	var refused *input.Error
	switch {
	case errors.As(err, &p):
		return p.status
	case errors.Is(err, input.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, input.ErrFormat):
		return http.StatusUnsupportedMediaType
	case errors.As(err, &refused):
		return http.StatusBadRequest
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, context.Canceled):
		return statusClientClosedRequest
	case errors.Is(err, tfgraph.ErrClosed):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail responds with the error in TensorFlow Serving's format.
func fail(w http.ResponseWriter, err error) {
	status := statusOf(err)
	switch status {
	case statusClientClosedRequest:
		return
	case http.StatusTooManyRequests, http.StatusGatewayTimeout, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(1))
	}
	answerJSON(w, status, map[string]string{"error": clientMessage(err)})
}

// clientMessage returns the error message for the client.
func clientMessage(err error) string {
	var refused *input.Error
	switch {
	case errors.As(err, &refused) && refused.Hint != "":
		return err.Error() + "; " + refused.Hint
	case errors.Is(err, context.DeadlineExceeded):
		return "classify: timeout"
	case statusOf(err) == http.StatusInternalServerError:
		return "classify: internal error, see the server's log"
	}
	return err.Error()
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil { // the values of this package can always be encoded
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	text = append(text, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may have disconnected
}
