package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alexnet/finetune"
	"alexnet/internal/hint"
	"alexnet/serve"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	serve.Config
	addr, tokenFile string
	settings        finetune.Config // of which only Device and Formats are flags
}

func newServe(a *app) *cobra.Command {
	s := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve MODEL",
		Short: "Serve a model over HTTP",
		Long: "Serve a model over HTTP. MODEL is a run directory, a checkpoint or an exported model.\n\n" +
			"POST /classify takes an image, or a form with several; /v1/models/NAME:predict is TensorFlow Serving's REST\n" +
			"API; / is a page to drop images on; /healthz, /readyz and /metrics are for operators.\n\n" +
			"SIGINT and SIGTERM drain the server: it answers every accepted request, then exits with code 0, or 1 if\n" +
			"--drain expires. A second signal kills it.",
		Example: "  alexnet serve runs/1\n" +
			"  curl --data-binary @cat.jpg http://127.0.0.1:8501/classify\n" +
			"  curl -F image=@cat.jpg -F image=@dog.jpg http://127.0.0.1:8501/classify\n" +
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
	s.settings = finetune.New("", "")
	registerSettings(f, &s.settings, "device", "formats")
	f.StringVar(&s.addr, "addr", "127.0.0.1:8501", "address to listen on")
	f.StringVar(&s.Name, "name", "alexnet", "the model's name in /v1/models/NAME")
	f.IntVar(&s.Batch, "batch", 32, "maximum batch size")
	f.DurationVar(&s.BatchWait, "batch-wait", 0, "maximum batching delay; 0 sends a batch as soon as the model is idle")
	f.IntVar(&s.Queue, "queue", 1024, "queue limit: images admitted and not yet answered; beyond it requests get status 429")
	f.Int64Var(&s.MaxBody, "max-body", 32<<20, "maximum request size in bytes; up to eight requests are held at once, and parsing JSON takes up to four times the size")
	f.IntVar(&s.MaxImages, "max-images", 64, "maximum number of images in a request")
	f.Int64Var(&s.MaxPixels, "max-pixels", 50_000_000, "maximum image size in pixels; all images of a request together may have four times as many")
	f.DurationVar(&s.Timeout, "timeout", 30*time.Second, "request timeout, from the first byte to the response")
	f.DurationVar(&s.Drain, "drain", 30*time.Second, "drain timeout: how long pending requests may take after a stop signal")
	f.DurationVar(&s.DrainDelay, "drain-delay", 500*time.Millisecond,
		"how long to accept connections after a stop signal, so that load balancers see /readyz fail")
	f.StringVar(&s.tokenFile, "token-file", "", "file with the token that requests must present: Authorization: Bearer TOKEN")
	f.StringSliceVar(&s.Hosts, "hosts", nil, "accepted `names` in the Host header, such as a.example,b.example, behind a proxy: on a loopback address without token "+
		"and TLS, only localhost and its addresses are accepted by default")
	f.StringVar(&s.TLSCert, "tls-cert", "", "TLS certificate file, for HTTPS")
	f.StringVar(&s.TLSKey, "tls-key", "", "TLS private key file")
}

func (s *serveFlags) run(ctx context.Context, a *app, path string) error {
	opt, err := imageOptions(s.settings)
	if err != nil {
		return err
	}
	if err := s.readToken(); err != nil {
		return err
	}
	s.Log = a.log
	if err := s.Validate(); err != nil {
		return usageError{err}
	}
	// Listen first: an address in use fails before the model is loaded.
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return hint.With(fmt.Errorf("serve %q: %w", path, err), "choose another address with --addr")
	}
	defer listener.Close()
	if s.Session, err = a.sessionOptions(s.settings.Device); err != nil {
		return err
	}
	s.NewDecoder = a.decoders(ctx, runtime.GOMAXPROCS(0), func(_, warning string) {
		a.log.Debug("an image decodes with a warning and may be incomplete", "warning", warning)
	})
	server, err := serve.New(ctx, path, s.Config, opt.Formats...)
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

// serveError exits with code 1 even after a signal, which is how a server normally stops.
type serveError struct{ error }

func (f serveError) Unwrap() error { return f.error }

func (s *serveFlags) readToken() error {
	if s.tokenFile == "" {
		return nil
	}
	text, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return fmt.Errorf("read token: %w", err)
	}
	if s.Token = strings.TrimSpace(string(text)); s.Token == "" {
		return fmt.Errorf("read token %q: %w", s.tokenFile, errors.New("got an empty file"))
	}
	return nil
}

// logAddress logs the server's URL, with a warning if anyone on the network can use it.
func (s *serveFlags) logAddress(a *app, path string, addr net.Addr) {
	scheme := "http"
	if s.TLSCert != "" {
		scheme = "https"
	}
	tcp, ok := addr.(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() && s.Token == "" {
		a.log.Warn("listening on a public address without authentication: require a token with --token-file", "addr", addr)
	}
	a.log.Info("serving", "model", path, "url", fmt.Sprintf("%s://%s/", scheme, addr))
}
