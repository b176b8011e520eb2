package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// signalError is the cause of a context canceled by a signal.
type signalError struct{ number syscall.Signal }

func (e signalError) Error() string { return fmt.Sprintf("received %v", e.number) }

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
