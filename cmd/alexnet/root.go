package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"alexnet/internal/hint"
)

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "alexnet",
		Short:         "Fine-tune AlexNet on a folder of images",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	var verbose bool
	root.PersistentFlags().BoolVarP(&verbose, "verbose", "v", false, "log more")
	root.PersistentPreRun = func(*cobra.Command, []string) {
		if verbose {
			a.level.Set(slog.LevelDebug)
		}
	}
	root.AddCommand(newTrain(a), newEval(a), newPredict(a), newReport(a), newExport(a), newServe(a), newInspect(a), newDoctor(a), newVersion(a), newMan(a))
	for _, cmd := range append(root.Commands(), root) {
		if err := registerCompletions(cmd); err != nil {
			panic(err) // a flag with two completions: a bug, which no user can cause
		}
		cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
		if args := cmd.Args; args != nil {
			cmd.Args = func(cmd *cobra.Command, given []string) error {
				if err := args(cmd, given); err != nil {
					return usageError{hint.With(err, "see "+cmd.CommandPath()+" --help")}
				}
				return nil
			}
		}
	}
	return root
}
