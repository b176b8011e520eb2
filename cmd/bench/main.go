// Command bench measures this program beside the same work in Python TensorFlow,
// Keras and PyTorch, on one machine in one run, and beside what the machine can
// do at all. Ratios count: absolute figures of a shared machine mean little.
//
//	make bench     # whole jobs, single steps in turns, limits
//	make growth    # how time and memory grow with pictures and epochs
//
// Start reading with measure, which is all that one bench does, job, which is a
// whole program, and race, which has workers take turns. Every program of the
// bench, in Go or in peers/*.py, begins with a task in a JSON file.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := newRoot(os.Stdout).ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
		os.Exit(1)
	}
}

func newRoot(stdout io.Writer) *cobra.Command {
	root := &cobra.Command{Use: "bench", Short: "Measure alexnet beside other programs", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(newRun(stdout), newGrowth(stdout), newWorker())
	root.CompletionOptions.DisableDefaultCmd = true
	return root
}

func newRun(stdout io.Writer) *cobra.Command {
	s := defaults()
	s.Progress = os.Stderr
	var results string
	cmd := &cobra.Command{
		Use:   "run PICTURES",
		Short: "Whole jobs, single steps in turns, and the machine's limits",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := measure(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			return r.publish(stdout, s.Out, results)
		},
	}
	f := cmd.Flags()
	s.register(f)
	f.StringVar(&s.Peers, "peers", s.Peers, "programs to compare with: none, tensorflow, or all, which is PyTorch too")
	f.StringSliceVar(&s.Parts, "parts", s.Parts, "what to measure: jobs, steps, limits")
	f.IntVar(&s.Epochs, "epochs", s.Epochs, "epochs that this program trains")
	f.IntVar(&s.PeerEpochs, "peer-epochs", s.PeerEpochs, "epochs that the others train; what lies beyond is extrapolated")
	f.IntVar(&s.Turns, "turns", s.Turns, "turns of each worker")
	f.IntVar(&s.Steps, "steps", s.Steps, "updates a turn; lighter work is repeated in proportion")
	f.StringVar(&s.Python, "python", s.Python, "interpreter that has TensorFlow")
	f.StringVar(&s.Torch, "torch", s.Torch, "interpreter that has PyTorch")
	f.StringVar(&results, "results", "", "also write the tables, the command and the machine into this Markdown file")
	return cmd
}

func newGrowth(stdout io.Writer) *cobra.Command {
	s := defaults()
	s.Progress = os.Stderr
	pictures, epochs := []int{500, 2000, 9000}, []int{1, 10, 100}
	cmd := &cobra.Command{
		Use:   "growth PICTURES",
		Short: "How time and memory grow with pictures and epochs",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := grow(cmd.Context(), s, args[0], pictures, epochs)
			if err != nil {
				return err
			}
			return g.publish(stdout, s.Out)
		},
	}
	s.register(cmd.Flags())
	cmd.Flags().IntSliceVar(&pictures, "pictures", pictures, "how many pictures to train on")
	cmd.Flags().IntSliceVar(&epochs, "epochs", epochs, "after how many epochs to look")
	return cmd
}
