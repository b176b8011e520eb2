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

// problem is an error that knows its HTTP status.
type problem struct {
	status int
	error
}

func (p problem) Unwrap() error { return p.error }

// errBusy refuses a request that the server has no room for.
var errBusy error = problem{http.StatusTooManyRequests, errors.New("the server is busy: try again")}

// statusGone is what logs say of a client that left before its answer, after
// nginx; nobody gets it.
const statusGone = 499

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
		return statusGone
	case errors.Is(err, tfgraph.ErrClosed):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail answers with the error, in TensorFlow Serving's form.
func fail(w http.ResponseWriter, err error) {
	status := statusOf(err)
	switch status {
	case statusGone:
		return
	case http.StatusTooManyRequests, http.StatusGatewayTimeout, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(1))
	}
	answerJSON(w, status, map[string]string{"error": explain(err)})
}

// explain puts the error in words for the client.
func explain(err error) string {
	var refused *input.Error
	switch {
	case errors.As(err, &refused) && refused.Hint != "":
		return err.Error() + "; " + refused.Hint
	case errors.Is(err, context.DeadlineExceeded):
		return "classify: took too long"
	case statusOf(err) == http.StatusInternalServerError:
		return "classify: failed; the server's log says why"
	}
	return err.Error()
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil { // no value of this package is one that JSON lacks
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	text = append(text, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // who has left does not read it
}
