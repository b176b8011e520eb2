// Command alexnet fine-tunes AlexNet on your own photographs.
//
// Each verb has a file of its own: train, eval, predict, report, export, serve, inspect, doctor. They
// turn flags into Config structs and introduce the packages to each other.
// Results go to stdout, everything else to stderr.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"alexnet/input"
	"alexnet/internal/sandbox"
)

// Exit codes; a signal's is 128 and its number.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// app is what every verb works with.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
	level          *slog.LevelVar
}

func main() {
	sandbox.Main()
	os.Exit(run())
}

func run() int {
	quietLibrary()
	level := new(slog.LevelVar)
	a := &app{
		stdin: os.Stdin, stdout: escapingWriter{os.Stdout}, stderr: os.Stderr, level: level,
		log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime})),
	}
	ctx, stop := withSignals(context.Background(), a.log)
	defer stop()
	err := newRoot(a).ExecuteContext(ctx)
	var listed input.Listed
	if errors.As(err, &listed) {
		err = a.printExcluded(listed)
	}
	if err == nil {
		return exitOK
	}
	printError(escapingWriter{os.Stderr}, err)
	return exitCode(ctx, err)
}

func withoutTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return attr
}

// errSilent ends the program with exitFailure where everything has been said.
var errSilent = errors.New("failed")

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// exitCode is a signal's only where nothing but the signal kept the work from its
// end: whoever reads it may count on the checkpoint.
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

// interruption tells whether all that err joins and wraps comes from the end of a
// context.
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

// hinted is an error that knows what the user can do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Hint() string  { return h.hint }
func (h hinted) Unwrap() error { return h.error }

func printError(w io.Writer, err error) {
	if errors.Is(err, errSilent) {
		return
	}
	fmt.Fprintf(w, "alexnet: error: %v\n", err)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(w, "alexnet: hint: %s\n", hint)
	}
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		return h.Hint()
	}
	var in *input.Error
	if errors.As(err, &in) {
		return in.Hint
	}
	return ""
}
