package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newWorker() *cobra.Command {
	return &cobra.Command{
		Use:    "worker KIND TASK",
		Short:  "Run as a worker: read numbers of units, print the seconds they took",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := readTask(args[1])
			if err != nil {
				return err
			}
			return work(cmd.Context(), args[0], t, &turns{in: bufio.NewScanner(os.Stdin), out: os.Stdout})
		},
	}
}

// work ends with standard input.
func work(ctx context.Context, kind string, t task, turns *turns) error {
	switch kind {
	case kindStep, kindDecode, kindAll, kindHead:
		return trainSteps(ctx, kind, t, turns)
	case kindFill:
		return fill(ctx, t, turns)
	case kindFrozen:
		return frozen(ctx, t, turns)
	case kindMatMul, kindHalf:
		return matmul(ctx, kind, t, turns)
	case kindCopy:
		return copies(t, turns)
	case kindRead:
		return decode(ctx, t, turns)
	}
	return fmt.Errorf("start worker: got kind %q, want one that cmd/bench/steps.go lists", kind)
}

// turns pauses work between units.
type turns struct {
	in    *bufio.Scanner
	out   io.Writer
	left  int
	began time.Time
}

// each calls do for every requested unit.
func (t *turns) each(do func() error) error {
	t.wait()
	for {
		if err := do(); err != nil {
			return err
		}
		t.done()
	}
}

// done is called after each unit.
func (t *turns) done() {
	if t.left--; t.left > 0 {
		return
	}
	fmt.Fprintln(t.out, time.Since(t.began).Seconds())
	t.wait()
}

// wait exits the process at the end of standard input.
func (t *turns) wait() {
	if !t.in.Scan() {
		os.Exit(0)
	}
	count, err := strconv.Atoi(strings.TrimSpace(t.in.Text()))
	if err != nil || count < 1 {
		fmt.Fprintf(os.Stderr, "bench: error: read units: got %q, want a positive number\n", t.in.Text())
		os.Exit(1)
	}
	t.left, t.began = count, time.Now()
}
