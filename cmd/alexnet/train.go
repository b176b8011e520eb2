package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/finetune"
	"alexnet/internal/display"
	"alexnet/internal/doctor"
	"alexnet/internal/hint"
	"alexnet/internal/rundir"
	"alexnet/tfgraph"
	"alexnet/train"
)

func newTrain(a *app) *cobra.Command {
	f := new(trainFlags)
	cmd := &cobra.Command{
		Use:   "train DATA",
		Short: "Fine-tune AlexNet on a folder of images",
		Long: "Fine-tune AlexNet on images. DATA is a folder with one folder per class, a folder of files named\n" +
			"cat.0.jpg dog.0.jpg …, a list of lines `path label`, or a folder that contains train and val or test.\n\n" +
			"The run directory receives one checkpoint per epoch, TensorBoard event files, metrics.csv and config.json.\n" +
			"Ctrl-C finishes the current step and saves a checkpoint; --resume continues from there.\n" +
			"With DATA, --resume begins the run if no checkpoint was saved yet, so that a supervisor can repeat one command.\n\n" +
			"ALEXNET_WEIGHTS in the environment is the default of --weights; --weights '' trains from scratch all the same.\n\n" +
			"The result of checking each image is cached in alexnet/verdicts.csv in the user's cache folder (~/.cache);\n" +
			"it can be removed at any time.",
		Example: "  alexnet train photos --weights owt --out runs/1\n" +
			"  alexnet train photos --weights bvlc_alexnet.npy --train-layers all --lr 1e-4 --val 0.2\n" +
			"  alexnet train --out runs/1 --resume --epochs 20\n" +
			"  until alexnet train photos --weights bvlc_alexnet.npy --out runs/1 --resume; do sleep 10; done",
		Args: func(cmd *cobra.Command, args []string) error {
			if f.resume {
				return cobra.MaximumNArgs(1)(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.out == "" && len(args) == 1 {
				f.out = filepath.Join("runs", nameOf(args[0]))
			}
			var c finetune.Config
			var err error
			start := finetune.Run
			saved := f.resume
			if f.resume && len(args) == 1 {
				if saved, err = hasSaved(cmd.Context(), f.out); err != nil {
					return err
				}
				if !saved {
					a.log.Info("begin: no checkpoint to resume from", "run", f.out)
				}
			}
			if saved {
				start = finetune.Resume
				c, err = f.resumeConfig(cmd.Flags(), strings.Join(args, ""))
			} else {
				c, err = f.complete(args[0])
			}
			if err != nil {
				return err
			}
			return a.finish(f.out, start(cmd.Context(), f.out, c, a.watch()))
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// hasSaved reports whether the run in dir has a checkpoint, intact or damaged.
func hasSaved(ctx context.Context, dir string) (bool, error) {
	all, err := train.Checkpoints(dir).List()
	if err != nil || len(all) > 0 {
		return true, err
	}
	_, damaged, err := train.Checkpoints(dir).Newest(ctx)
	if errors.Is(err, checkpoint.ErrNone) {
		err = nil
	}
	return damaged != nil, err
}

// nameOf is the last element of the absolute path.
func nameOf(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return filepath.Base(path)
}

// watch prints a run's progress.
func (a *app) watch() finetune.Watch {
	w := newProgress(a)
	w.OnReady = func(r finetune.Ready) {
		a.printPlan(r.Plan)
		a.logMemory(r.Memory)
		fmt.Fprintf(a.stdout, "TensorBoard: tensorboard --logdir %s\n", r.Events)
	}
	return w
}

// logMemory logs the run's peak memory estimate, with a warning if less is free.
func (a *app) logMemory(f train.MemoryEstimate) {
	a.log.Info("memory", "peak_estimate", display.Bytes(f.Total()), "activations", display.Bytes(f.Activations), "features", display.Bytes(f.Features))
	if free := doctor.ReadMachine(os.DirFS("/")).Free(); free > 0 && free < f.Total() {
		a.log.Warn("the peak memory estimate exceeds free memory: reduce --micro-batch or --cache-memory", "free", display.Bytes(free))
	}
	if limit := addressSpaceLimit(); limit > 0 && limit < addressSpace(runtime.NumCPU())+f.Total() {
		a.log.Warn("the address space limit may be too small: raise ulimit -v", "limit", display.Bytes(limit))
	}
}

func (a *app) printPlan(plan alexnet.Plan) {
	if plan == nil {
		return
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "layer\tweights\tbiases\tparameters\tfrom\t")
	for _, l := range plan {
		state := "frozen"
		if l.Trainable {
			state = "trained"
		}
		fmt.Fprintf(t, "%s\t%v\t%v\t%d\t%s\t%s\n", l.Name, l.Weights, l.Biases, l.Parameters(), l.Source(), state)
	}
	t.Flush()
}

// resumeHint adds a hint about continuing a run that ended early.
func resumeHint(err error, out string) error {
	if errors.Is(err, rundir.ErrBusy) {
		return hint.With(err, "wait for it, or choose another --out")
	}
	if hint.Of(err) != "" {
		return err
	}
	if advice := diskHint(err, out); advice != "" {
		return hint.With(err, advice)
	}
	if errors.As(err, new(*train.InterruptedError)) {
		if all, _ := train.Checkpoints(out).List(); len(all) > 0 {
			return hint.With(err, "resume with: alexnet train --out "+out+" --resume")
		}
		return hint.With(err, "no step was completed: run the same command again; images checked so far are not checked again")
	}
	return err
}

// finish prints the best checkpoint of a successful run.
func (a *app) finish(out string, err error) error {
	if err != nil {
		return resumeHint(err, out)
	}
	all, err := train.Checkpoints(out).List()
	if err != nil {
		return err
	}
	best, ok := checkpoint.Best(all)
	if !ok {
		return nil
	}
	if m := best.Metrics; m != nil {
		fmt.Fprintf(a.stdout, "best: epoch %d, accuracy %.4f on %d validation images\n", best.Epoch, m.Accuracy, m.Count)
	}
	fmt.Fprintf(a.stdout, "Next: alexnet predict %s FILE…\n", out)
	return nil
}

// diskHint is the hint for a disk error below the run directory out; "" for errors elsewhere, such as in a
// weights file.
func diskHint(err error, out string) string {
	switch e := err.(type) {
	case *fs.PathError:
		if within(out, e.Path) || e.Op == "mkdir" && within(e.Path, out) {
			return diskAdvice(e)
		}
	case *os.LinkError:
		if within(out, e.New) {
			return diskAdvice(e)
		}
	case *tfgraph.Error: // names the file only in its message
		if strings.Contains(e.Message, string(train.Checkpoints(out))) {
			return diskAdvice(e)
		}
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if advice := diskHint(err, out); advice != "" {
				return advice
			}
		}
	case interface{ Unwrap() error }:
		return diskHint(e.Unwrap(), out)
	}
	return ""
}

// within reports whether path is dir or below it.
func within(dir, path string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	if path, err = filepath.Abs(path); err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// diskAdvice matches errno by text too: TensorFlow passes on only the message.
func diskAdvice(err error) string {
	text := strings.ToLower(err.Error())
	says := func(n syscall.Errno) bool { return errors.Is(err, n) || strings.Contains(text, n.Error()) }
	switch {
	case says(syscall.ENOSPC) || says(syscall.EDQUOT):
		return "disk full: free some space and continue with --resume; saved checkpoints are intact"
	case says(syscall.EROFS) || says(syscall.EACCES):
		return "permission denied: choose another --out, or make it writable; saved checkpoints are intact"
	case says(syscall.EIO):
		return "the disk may be failing: copy the run directory to another disk, and continue there with --resume"
	}
	return ""
}
