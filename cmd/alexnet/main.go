// Command alexnet fine-tunes AlexNet on a folder of images.
//
// Each command has its own file: train, eval, predict, report, export, serve, inspect, doctor. They turn
// flags into Config structs and call the packages. Results go to stdout, everything else to stderr.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"alexnet/input"
	"alexnet/internal/hint"
	"alexnet/internal/sandbox"
	_ "alexnet/internal/tfenv" // defaults of TensorFlow's variables, read before main
	"alexnet/tfgraph"
)

// Exit codes; after a signal it is 128 plus the signal's number.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// app holds what every command uses.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
	level          *slog.LevelVar
	warnings       []input.Excluded // what decoders printed about images, with the reason; see warnIncomplete
}

func main() {
	sandbox.Main()
	if err := checkAddressSpace(addressSpaceLimit()); err != nil {
		printError(os.Stderr, nil, err)
		os.Exit(exitFailure)
	}
	quietLibrary()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes a command line and returns its exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	level := new(slog.LevelVar)
	a := &app{
		stdin: stdin, stdout: escapingWriter{stdout}, stderr: stderr, level: level,
		log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime})),
	}
	slog.SetDefault(a.log)
	ctx, stop := withSignals(context.Background(), a.log)
	defer stop()
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var listed input.Listed
	if errors.As(err, &listed) {
		err = a.printExcluded(listed)
	}
	if err == nil {
		return exitOK
	}
	printError(escapingWriter{stderr}, context.Cause(ctx), err)
	return exitCode(ctx, err)
}

func withoutTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return attr
}

// errSilent ends the program with exitFailure without printing anything more.
var errSilent = errors.New("failed")

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// exitCode reports a signal only if nothing but the signal ended the work: the caller may then rely on the checkpoint.
func exitCode(ctx context.Context, err error) int {
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	var sig signalError
	if errors.As(context.Cause(ctx), &sig) && !errors.As(err, new(serveError)) && interruption(err) {
		return 128 + int(sig.number)
	}
	return exitFailure
}

// interruption reports whether every error that err joins and wraps comes from a canceled context.
func interruption(err error) bool {
	switch e := err.(type) {
	case signalError:
		return true
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !interruption(err) })
	case interface{ Unwrap() error }:
		return interruption(e.Unwrap())
	}
	return err == context.Canceled
}

// printError prints err, which may come from a context that cause canceled.
func printError(w io.Writer, cause, err error) {
	if errors.Is(err, errSilent) {
		return
	}
	text := err.Error()
	if errors.As(cause, new(signalError)) {
		text = strings.ReplaceAll(text, context.Canceled.Error(), cause.Error())
	}
	fmt.Fprintf(w, "alexnet: error: %s\n", text)
	if text := hint.Of(err); text != "" {
		fmt.Fprintf(w, "alexnet: hint: %s\n", text)
	}
}

// escapingWriter escapes control characters, as in \x1b: names of files and classes are untrusted and must not
// control the terminal. Line ends and tabs stay.
type escapingWriter struct{ to io.Writer }

func (p escapingWriter) Write(text []byte) (int, error) {
	if bytes.IndexFunc(text, isControl) < 0 {
		return p.to.Write(text)
	}
	var b bytes.Buffer
	for rest := text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if isControl(r) {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.Write(rest[:n])
		}
		rest = rest[n:]
	}
	if _, err := p.to.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}

func isControl(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }

// quietLibrary loads the parts of TensorFlow that print whatever its log level.
func quietLibrary() {
	if level, chosen := os.LookupEnv("TF_CPP_MIN_LOG_LEVEL"); !chosen || level >= "2" {
		tfgraph.Quiet()
	}
}

// signalError is the cause of a context canceled by a signal.
type signalError struct{ number syscall.Signal }

func (e signalError) Error() string { return "interrupted by " + unix.SignalName(e.number) }

// withSignals cancels the context at the first SIGINT, SIGTERM or SIGHUP, logs it, and lets a second one kill
// the process. An ignored SIGHUP, as under nohup, stays ignored.
func withSignals(parent context.Context, log *slog.Logger) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			log.Info("stopping; a second signal kills the program", "signal", s)
			cancel(signalError{s.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}
