package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alexnet/classify"
	"alexnet/eval"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/display"
)

// evalFlags are the flags of eval.
type evalFlags struct {
	finetune.Config // of which Device, BadImages, Formats and MaxPixels are flags
	json            bool
	batch           int
	split           string
}

func newEval(a *app) *cobra.Command {
	flags := &evalFlags{Config: finetune.New("", "")}
	cmd := &cobra.Command{
		Use:   "eval RUN DATA",
		Short: "Evaluate a model on labeled images",
		Long: "Evaluate a model on labeled images: loss, top-1 accuracy, top-5 accuracy with more than five classes,\n" +
			"precision and recall per class, and the confusion matrix.\n\n" +
			"RUN is a run directory (its checkpoint with the best validation accuracy is used), a checkpoint, or an\n" +
			"exported model. DATA has one of train's layouts; of a folder with several splits, test is used, else val, else train.",
		Example: "  alexnet eval runs/1 photos\n  alexnet eval runs/1/checkpoints/model_epoch3.ckpt photos/test --json",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eval(cmd.Context(), flags, args[0], args[1])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	f.IntVar(&flags.batch, "batch", 64, "batch size")
	f.StringVar(&flags.split, "split", "", "split of DATA to evaluate: train, val or test")
	registerSettings(f, &flags.Config, "device", "layout", "bad-images", "formats", "max-pixels")
	return cmd
}

func (a *app) eval(ctx context.Context, flags *evalFlags, run, path string) error {
	opt, err := imageOptions(flags.Config)
	if err != nil {
		return err
	}
	model, err := a.openModel(ctx, run, flags.Device, classify.Options{Limits: opt.Limits})
	if err != nil {
		return err
	}
	defer model.Close()
	opt.Classes, opt.Split = model.Classes(), flags.split
	data, err := input.OpenEval(path, opt)
	if err != nil {
		return flags.BadImages.ApplyOnOpen(err)
	}
	for _, note := range data.Notes {
		a.log.Info(note)
	}
	for _, warning := range data.Warnings {
		a.log.Warn(warning)
	}
	examples, err := a.usable(ctx, flags.BadImages, data.Excluded, model, data.Val)
	if err != nil {
		return err
	}
	report, err := model.Evaluate(ctx, examples, flags.batch)
	if err != nil {
		return err
	}
	a.warnIncomplete()
	meta := model.Source.Checkpoint
	result := evaluation{Report: report, Checkpoint: meta.Name, Epoch: meta.Epoch, Step: meta.Step, Data: data.ValFrom}
	return a.print(flags.json, result, result.print)
}

// evaluation is a report with the checkpoint and the data that it describes.
type evaluation struct {
	eval.Report
	Checkpoint string `json:"checkpoint"`
	Epoch      int    `json:"epoch"`
	Step       int64  `json:"step"`
	Data       string `json:"data"`
}

func (e evaluation) print(w io.Writer) error {
	fmt.Fprintf(w, "%s on %s\n\n", e.Checkpoint, e.Data)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "images\t%d\nloss\t%.4f\naccuracy\t%.4f\n", e.Count, e.Loss, e.Accuracy)
	if e.Top5 != nil {
		fmt.Fprintf(t, "top-5\t%.4f\n", *e.Top5)
	}
	t.Flush()
	fmt.Fprintln(w)
	perClass := slices.Clone(e.PerClass)
	if len(perClass) > maxShown {
		slices.SortStableFunc(perClass, func(a, b eval.ClassMetrics) int { return cmp.Compare(recallOf(a), recallOf(b)) })
		perClass = perClass[:maxShown]
		fmt.Fprintf(w, "%d of %d classes, those with the lowest recall; --json has all\n", maxShown, len(e.PerClass))
	}
	fmt.Fprint(t, "class\timages\tprecision\trecall\n")
	for _, c := range perClass {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", c.Class, c.Count, display.PercentOrDash(c.Precision), display.PercentOrDash(c.Recall))
	}
	t.Flush()
	if len(e.Classes) > maxShown {
		return e.printConfusions(w)
	}
	fmt.Fprintln(w, "\nconfusion matrix (row: true class, column: predicted class)")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range e.Classes {
		fmt.Fprintf(t, "\t%s", c)
	}
	fmt.Fprintln(t, "\t")
	for i, row := range e.Confusion {
		fmt.Fprint(t, e.Classes[i])
		for _, n := range row {
			fmt.Fprintf(t, "\t%d", n)
		}
		fmt.Fprintln(t, "\t")
	}
	return t.Flush()
}

// maxShown is how many classes and confusions are printed.
const maxShown = 20

// recallOf orders classes without images after all others.
func recallOf(c eval.ClassMetrics) float64 {
	if c.Recall == nil {
		return 2
	}
	return *c.Recall
}

// printConfusions prints the most frequent confusions, since a matrix of many classes is unreadable.
func (e evaluation) printConfusions(w io.Writer) error {
	type confusion struct{ true, predicted, count int }
	var all []confusion
	for i, row := range e.Confusion {
		for j, n := range row {
			if i != j && n > 0 {
				all = append(all, confusion{i, j, n})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b confusion) int { return b.count - a.count })
	fmt.Fprintf(w, "\nmost frequent confusions, %d of %d; --json has the confusion matrix\n", min(maxShown, len(all)), len(all))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "true class\tpredicted class\timages\n")
	for _, c := range all[:min(maxShown, len(all))] {
		fmt.Fprintf(t, "%s\t%s\t%d\n", e.Classes[c.true], e.Classes[c.predicted], c.count)
	}
	return t.Flush()
}
