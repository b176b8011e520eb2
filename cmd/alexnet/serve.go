package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alexnet/input"
	"alexnet/serve"
	"alexnet/tfgraph"
)

// serving are the flags of serve.
type serveFlags struct {
	serve.Config
	addr, formats, tokenFile string
	device                   tfgraph.Device
}

func newServe(a *app) *cobra.Command {
	s := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve MODEL",
		Short: "Answer HTTP requests with what is on pictures",
		Long: "Answer HTTP requests with what is on pictures. MODEL is a run directory, a checkpoint or an exported model.\n\n" +
			"POST /classify takes a picture, or a form with several; /v1/models/NAME:predict is TensorFlow Serving's REST\n" +
			"API; / is a page to drop pictures on; /healthz, /readyz and /metrics are for those who run it.\n\n" +
			"SIGINT and SIGTERM stop it: every request that was accepted is answered first, and the exit code is then 0,\n" +
			"or 1 where --drain ran out. A second signal ends it at once.",
		Example: "  alexnet serve runs/1\n" +
			"  curl --data-binary @cat.jpg http://127.0.0.1:8501/classify\n" +
			"  curl -F picture=@cat.jpg -F picture=@dog.jpg http://127.0.0.1:8501/classify\n" +
			"  echo '{\"instances\": [{\"b64\": \"'$(base64 -w0 cat.jpg)'\"}]}' |\n" +
			"    curl -d @- http://127.0.0.1:8501/v1/models/alexnet:predict\n" +
			"  alexnet serve exported/ --addr :8443 --tls-cert cert.pem --tls-key key.pem --token-file token",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(cmd.Context(), a, args[0]) },
	}
	s.register(cmd.Flags())
	return cmd
}

func (s *serveFlags) register(f *pflag.FlagSet) {
	registerDevice(f, &s.device)
	f.StringVar(&s.addr, "addr", "127.0.0.1:8501", "address to listen on")
	f.StringVar(&s.Name, "name", "alexnet", "the model's name in /v1/models/NAME")
	f.IntVar(&s.Batch, "batch", 32, "pictures computed at once, at most")
	f.DurationVar(&s.BatchWait, "batch-wait", 0, "how long a picture waits for others to join it, even while nothing else goes on")
	f.IntVar(&s.Queue, "queue", 1024, "pictures admitted and not yet answered; beyond that the answer is 429")
	f.Int64Var(&s.MaxBody, "max-body", 32<<20, "largest request in bytes; eight of them are held at once, which as JSON take up to four times that while they are read")
	f.IntVar(&s.MaxPictures, "max-pictures", 64, "pictures in a request")
	f.Int64Var(&s.MaxPixels, "max-pixels", 50_000_000, "largest picture in pixels; a request may hold four times as many")
	f.DurationVar(&s.Timeout, "timeout", 30*time.Second, "time of a request, from its first byte to its answer")
	f.DurationVar(&s.Drain, "drain", 30*time.Second, "how long the last requests may take when it is stopped")
	f.DurationVar(&s.DrainDelay, "drain-delay", 500*time.Millisecond,
		"how long it still accepts connections when it is stopped, so that balancers see /readyz say no")
	f.StringVar(&s.formats, "formats", "", "formats to convert that TensorFlow does not read: webp, tiff")
	f.StringVar(&s.tokenFile, "token-file", "", "file with a token that requests have to bear: Authorization: Bearer TOKEN")
	f.StringSliceVar(&s.Hosts, "hosts", nil, "`names`, as a.example,b.example, that a proxy on this machine passes on: on a loopback address, without token and TLS, "+
		"only localhost and its addresses are answered for")
	f.StringVar(&s.TLSCert, "tls-cert", "", "certificate file, for HTTPS")
	f.StringVar(&s.TLSKey, "tls-key", "", "the certificate's key file")
}

func (s *serveFlags) run(ctx context.Context, a *app, path string) error {
	formats, err := input.ParseFormats(s.formats)
	if err != nil {
		return usageError{fmt.Errorf("--formats: %w", err)}
	}
	if err := s.readToken(path); err != nil {
		return err
	}
	s.Log = a.log
	if err := s.Validate(); err != nil {
		return usageError{err}
	}
	// The address first: to load a model for one that is taken would be time lost.
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return hinted{fmt.Errorf("serve %q: %w", path, err), "--addr names another address"}
	}
	defer listener.Close()
	if s.Session, err = a.sessionOptions(s.device); err != nil {
		return err
	}
	server, err := serve.New(ctx, path, s.Config, formats...)
	if err != nil {
		return err
	}
	defer server.Close()
	s.logAddress(a, path, listener.Addr())
	if err := server.Serve(ctx, listener); err != nil {
		return serveError{err}
	}
	a.log.Info("stopped")
	return nil
}

// failedStop is an error whose exit code is 1 although a signal came before it:
// to be stopped is how a server ends well.
type serveError struct{ error }

func (f serveError) Unwrap() error { return f.error }

// complete reads the token, and the version from a path like models/3, which is
// how TensorFlow Serving lays out models.
func (s *serveFlags) readToken(path string) error {
	if n, err := strconv.Atoi(filepath.Base(filepath.Clean(path))); err == nil && n > 0 {
		s.Version = n
	}
	if s.tokenFile == "" {
		return nil
	}
	text, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return fmt.Errorf("read token: %w", err)
	}
	if s.Token = strings.TrimSpace(string(text)); s.Token == "" {
		return fmt.Errorf("read token %q: %w", s.tokenFile, errors.New("got none"))
	}
	return nil
}

// announce says where the server is, and who else may find it.
func (s *serveFlags) logAddress(a *app, path string, addr net.Addr) {
	scheme := "http"
	if s.TLSCert != "" {
		scheme = "https"
	}
	tcp, ok := addr.(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() && s.Token == "" {
		a.log.Warn("everybody who reaches this machine may use the server: --token-file asks them for a token", "addr", addr)
	}
	a.log.Info("serving", "model", path, "url", fmt.Sprintf("%s://%s/", scheme, addr))
}
