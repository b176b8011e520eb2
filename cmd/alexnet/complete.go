package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"alexnet/alexnet"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/ops"
	"alexnet/tfgraph"
	"alexnet/train"
)

// choices are the values that the shell completes for flags, whichever command has them.
var choices = map[string][]cobra.Completion{
	"augment":    {string(train.FlipAugment), string(train.NoAugment)},
	"bad-images": {string(input.Refuse), string(input.Skip), string(input.List)},
	"decode":     {"exact", string(alexnet.DecodeFast)},
	"device":     {string(tfgraph.AutoDevice), string(tfgraph.CPU), "gpu:0"},
	"formats":    {"webp", "tiff", "webp,tiff"},
	"lrn":        {string(alexnet.LRNOps), string(alexnet.LRNKernel)},
	"optimizer":  {string(ops.GradientDescent), string(ops.Momentum), string(ops.Adam)},
	"precision":  {string(finetune.Float32), string(finetune.BFloat16), string(finetune.Auto)},
	"resize":     {string(alexnet.Squash), string(alexnet.Crop)},
	"split":      {string(input.TrainSplit), string(input.ValSplit), string(input.TestSplit)},
}

// registerCompletions adds shell completion to a command's flags and arguments.
func registerCompletions(cmd *cobra.Command) error {
	for name, words := range choices {
		if err := registerCompletion(cmd, name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			return err
		}
	}
	for name, keyword := range map[string]string{"train-layers": "all", "init-layers": "none"} {
		if err := registerCompletion(cmd, name, completeLayers(keyword)); err != nil {
			return err
		}
	}
	if fields := strings.Fields(cmd.Use); len(fields) > 1 && (fields[1] == "RUN" || fields[1] == "MODEL") && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = completeRun
	}
	return nil
}

// completeRun completes the first argument with run directories; the shell falls back to files.
func completeRun(_ *cobra.Command, args []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return findRuns(start), cobra.ShellCompDirectiveDefault
}

func registerCompletion(cmd *cobra.Command, name string, words cobra.CompletionFunc) error {
	if cmd.Flags().Lookup(name) == nil {
		return nil
	}
	return cmd.RegisterFlagCompletionFunc(name, words)
}

// completeLayers completes lists such as fc6,fc7 with another layer, and an empty one also with the keyword.
func completeLayers(keyword string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
		done := start[:strings.LastIndex(start, ",")+1]
		var lists []cobra.Completion
		if done == "" {
			lists = append(lists, keyword)
		}
		for _, layer := range alexnet.LayerNames {
			if !slices.Contains(strings.Split(done, ","), layer) {
				lists = append(lists, done+layer)
			}
		}
		return lists, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
}

// findRuns finds run directories whose path begins with start, one or two levels deep.
func findRuns(start string) []cobra.Completion {
	var runs []cobra.Completion
	for _, pattern := range []string{"*", filepath.Join("*", "*")} {
		found, err := filepath.Glob(finetune.ConfigFile(quoteGlob(start) + pattern))
		if err != nil {
			continue
		}
		for _, file := range found {
			runs = append(runs, filepath.Dir(file)+string(os.PathSeparator))
		}
	}
	return runs
}

// quoteGlob escapes a path for filepath.Glob.
func quoteGlob(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}
