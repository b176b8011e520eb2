package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/rundir"
)

// registerCompletions adds shell completion to a command's flags and arguments.
func registerCompletions(cmd *cobra.Command) error {
	var errs []error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		complete := cobra.CompletionFunc(nil)
		s, _ := flag.Value.(settingFlag)
		values := slices.Concat(s.Choices, s.Samples)
		switch flag.Name {
		case "train-layers":
			complete = completeLayers("all")
		case "init-layers":
			complete = completeLayers("none")
		case "split":
			values = []string{string(input.TrainSplit), string(input.ValSplit), string(input.TestSplit)}
		}
		if values != nil {
			complete = cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
		}
		if complete != nil {
			errs = append(errs, cmd.RegisterFlagCompletionFunc(flag.Name, complete))
		}
	})
	if fields := strings.Fields(cmd.Use); len(fields) > 1 && (fields[1] == "RUN" || fields[1] == "MODEL") && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = completeRun
	}
	return errors.Join(errs...)
}

// completeRun completes the first argument with run directories; the shell falls back to files.
func completeRun(_ *cobra.Command, args []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return findRuns(start), cobra.ShellCompDirectiveDefault
}

// completeLayers completes lists such as fc6,fc7 with another layer, and an empty one also with the keyword.
func completeLayers(keyword string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
		done := start[:strings.LastIndex(start, ",")+1]
		var lists []cobra.Completion
		if done == "" {
			lists = append(lists, keyword)
		}
		for _, layer := range alexnet.BVLC.LayerNames() {
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
		found, err := filepath.Glob(rundir.Dir(quoteGlob(start) + pattern).Config())
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
