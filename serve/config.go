package serve

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"alexnet/tfgraph"
)

// Config says how a Server works. A zero field stands for its default.
type Config struct {
	Name    string // of the model in TensorFlow Serving's paths, default alexnet
	Version int    // of the model there, default 1

	Batch     int           // pictures computed at once at most, default 32
	BatchWait time.Duration // how long a picture waits for others to join it, default 0: only while the network is busy

	Queue       int           // pictures admitted and not yet answered, default 1024
	MaxBody     int64         // bytes of a request's body, default 32 MiB
	MaxPictures int           // of a request, default 64
	MaxPixels   int64         // of one picture, default 50 million; of a request four times as many
	Timeout     time.Duration // from a request's first byte to its answer, default 30 s

	Drain      time.Duration // how long the last requests may take when the server stops, default 30 s
	DrainDelay time.Duration // how long it still accepts connections then, while /readyz says no; default 0

	Token           string          // that a request has to bear, if any
	TLSCert, TLSKey string          // files, if it is to be HTTPS
	Hosts           []string        // that requests may name besides localhost and its addresses, where Serve asks for that
	Session         tfgraph.Options // the device, and TensorFlow's threads
	Log             *slog.Logger
}

// bodies is how many bodies of the largest size may be in memory at once. It
// counts them as they came: a buffer that grows, and JSON with the pictures out of
// it, make that up to four times as much for a while.
const bodies = 8

// ofRequest is how many pictures of the largest size a request may hold.
const ofRequest = 4

func (c Config) orDefaults() Config {
	c.Name = cmp.Or(c.Name, "alexnet")
	c.Version = cmp.Or(c.Version, 1)
	c.Batch = cmp.Or(c.Batch, 32)
	c.Queue = cmp.Or(c.Queue, 1024)
	c.MaxBody = cmp.Or(c.MaxBody, 32<<20)
	c.MaxPictures = cmp.Or(c.MaxPictures, min(64, c.Queue))
	c.MaxPixels = cmp.Or(c.MaxPixels, 50_000_000)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.Drain = cmp.Or(c.Drain, 30*time.Second)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return c
}

var modelName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// Validate joins everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	for _, f := range []struct {
		name string
		ok   bool
		got  any
	}{
		{"version", c.Version >= 0, c.Version},
		{"batch", c.Batch >= 0, c.Batch},
		{"batch wait", c.BatchWait >= 0, c.BatchWait},
		{"queue", c.Queue >= 0, c.Queue},
		{"body limit", c.MaxBody >= 0, c.MaxBody},
		{"picture limit", c.MaxPictures >= 0, c.MaxPictures},
		{"pixel limit", c.MaxPixels >= 0, c.MaxPixels},
		{"timeout", c.Timeout >= 0, c.Timeout},
		{"drain time", c.Drain >= 0, c.Drain},
		{"drain delay", c.DrainDelay >= 0, c.DrainDelay},
	} {
		if !f.ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want 0 or more", f.name, f.got))
		}
	}
	if c.Name != "" && !modelName.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("model name: got %q, want letters, digits, dots, dashes and underscores", c.Name))
	}
	if full := c.orDefaults(); full.MaxPictures > full.Queue {
		errs = append(errs, fmt.Errorf("picture limit: got %d, want at most the queue's %d", full.MaxPictures, full.Queue))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("TLS: got one of certificate and key, want both"))
	}
	return errors.Join(errs...)
}
