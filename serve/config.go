package serve

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/input"
	"alexnet/tfgraph"
)

// Config configures a Server. A zero field means the default.
type Config struct {
	Name    string // of the model in TensorFlow Serving's paths, default alexnet
	Version int    // of the model in these paths, default the number that names its directory, or 1

	Batch     int           // maximum batch size, default 32
	BatchWait time.Duration // maximum batching delay, default 0: an image waits only while the model is busy

	Queue     int           // queue limit: images admitted and not yet answered, default 1024
	MaxBody   int64         // bytes of a request's body, default 32 MiB
	MaxImages int           // images per request, default 64
	MaxPixels int64         // pixels of one image, default 50 million; four times that per request
	Timeout   time.Duration // from a request's first byte to its response, default 30 s

	Drain      time.Duration // timeout of the remaining requests when the server stops, default 30 s
	DrainDelay time.Duration // how long it still accepts connections then, while /readyz returns 503; default 0

	Token           string          // bearer token that requests must have, if any
	TLSCert, TLSKey string          // files, for HTTPS
	Hosts           []string        // host names to accept besides localhost and its addresses, see Server.Serve
	Session         tfgraph.Options // the device and TensorFlow's threads

	// NewDecoder makes the decoder of the images, see [classify.Options]; nil decodes in this process.
	NewDecoder func(alexnet.Preprocessing) (classify.Decoder, error)

	Log *slog.Logger
}

// maxBodies is how many bodies of the maximum size may be in memory at once, counted as received: growing buffers, and
// JSON next to the images decoded from it, take up to four times as much temporarily.
const maxBodies = 8

// maxImagesPixels is how many images of the maximum size a request may contain.
const maxImagesPixels = 4

func (c Config) orDefaults() Config {
	c.Name = cmp.Or(c.Name, "alexnet")
	c.Batch = cmp.Or(c.Batch, 32)
	c.Queue = cmp.Or(c.Queue, 1024)
	c.MaxBody = cmp.Or(c.MaxBody, 32<<20)
	c.MaxImages = cmp.Or(c.MaxImages, min(64, c.Queue))
	c.MaxPixels = cmp.Or(c.MaxPixels, 50_000_000)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.Drain = cmp.Or(c.Drain, 30*time.Second)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return c
}

var modelName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// Validate joins all errors of c.
func (c Config) Validate() error {
	var errs []error
	for _, f := range []struct {
		name string
		ok   bool
		got  any
	}{
		{"version", c.Version >= 0, c.Version},
		{"batch", c.Batch >= 0, c.Batch},
		{"batching delay", c.BatchWait >= 0, c.BatchWait},
		{"queue limit", c.Queue >= 0, c.Queue},
		{"body limit", c.MaxBody >= 0, c.MaxBody},
		{"image limit", c.MaxImages >= 0, c.MaxImages},
		{"timeout", c.Timeout >= 0, c.Timeout},
		{"drain timeout", c.Drain >= 0, c.Drain},
		{"drain delay", c.DrainDelay >= 0, c.DrainDelay},
	} {
		if !f.ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want 0 or more", f.name, f.got))
		}
	}
	errs = append(errs, input.Limits{MaxPixels: c.MaxPixels}.Validate())
	if c.Name != "" && !modelName.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("model name: got %q, want letters, digits, dots, dashes and underscores", c.Name))
	}
	if full := c.orDefaults(); full.MaxImages > full.Queue {
		errs = append(errs, fmt.Errorf("image limit: got %d, want at most the queue limit %d", full.MaxImages, full.Queue))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("TLS: got one of certificate and key, want both"))
	}
	return errors.Join(errs...)
}
