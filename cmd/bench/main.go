// Command bench compares this program with the same work in Python TensorFlow, Keras and PyTorch, on one machine in one
// run, and with the machine's own limits. Read the ratios: absolute figures of a shared machine mean little.
//
//	make bench     # whole jobs, interleaved steps, limits
//	make growth    # how time and memory grow with images and epochs
//
// Start reading with measure, the whole benchmark, job, a complete training run of one program, and race, which
// interleaves workers. Every program, in Go or in peers/*.py, reads its task from a JSON file.
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
		Use:   "run DATA",
		Short: "Whole jobs, interleaved steps, and the machine's limits",
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
	f.StringVar(&s.Peers, "peers", s.Peers, "programs to compare with: none, tensorflow, or all (adds PyTorch)")
	f.StringSliceVar(&s.Parts, "parts", s.Parts, "what to measure: jobs, steps, limits")
	f.IntVar(&s.Epochs, "epochs", s.Epochs, "epochs of this program")
	f.IntVar(&s.PeerEpochs, "peer-epochs", s.PeerEpochs, "epochs of the other programs; the rest is extrapolated")
	f.IntVar(&s.Turns, "turns", s.Turns, "turns of each worker")
	f.IntVar(&s.Steps, "steps", s.Steps, "steps per turn; lighter work is repeated in proportion")
	f.StringVar(&s.Python, "python", s.Python, "interpreter that has TensorFlow")
	f.StringVar(&s.Torch, "torch", s.Torch, "interpreter that has PyTorch")
	f.StringVar(&results, "results", "", "also write the tables, the command and the machine into this Markdown file")
	return cmd
}

func newGrowth(stdout io.Writer) *cobra.Command {
	s := defaults()
	s.Progress = os.Stderr
	images, epochs := []int{500, 2000, 9000}, []int{1, 10, 100}
	cmd := &cobra.Command{
		Use:   "growth DATA",
		Short: "How time and memory grow with images and epochs",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := grow(cmd.Context(), s, args[0], images, epochs)
			if err != nil {
				return err
			}
			return g.publish(stdout, s.Out)
		},
	}
	s.register(cmd.Flags())
	cmd.Flags().IntSliceVar(&images, "images", images, "numbers of training images")
	cmd.Flags().IntSliceVar(&epochs, "epochs", epochs, "epochs after which to record time and memory")
	return cmd
}
