package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"alexnet/internal/display"
	"alexnet/internal/hint"
	"alexnet/tfgraph"
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
	root.AddCommand(newTrain(a), newEval(a), newPredict(a), newReport(a), newExport(a), newServe(a), newInspect(a), newWeights(a), newImport(a), newDoctor(a), newVersion(a), newMan(a))
	var complete func(cmd *cobra.Command)
	complete = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			complete(sub)
		}
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
	complete(root)
	return root
}

func newMan(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write manual pages for all commands to a folder",
		Example: "  alexnet man ~/.local/share/man/man1 && man alexnet-train",
		Hidden:  true, // used once, when packaging
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			header := &doc.GenManHeader{Section: "1", Source: "alexnet " + ownVersion(), Manual: "alexnet"}
			if err := doc.GenManTree(cmd.Root(), header, args[0]); err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			return nil
		},
	}
}

// version is set while linking.
var version = ""

// versions are the program's versions and the devices that it finds.
type versions struct {
	Alexnet    string           `json:"alexnet"`
	TensorFlow string           `json:"tensorflow"`
	Kernels    string           `json:"kernels"`
	Devices    []tfgraph.Device `json:"devices"`
	Go         string           `json:"go"`
}

func newVersion(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of alexnet and TensorFlow and the available devices",
		Example: "  alexnet version\n  alexnet version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			devices, err := tfgraph.Devices()
			if err != nil {
				return err
			}
			v := versions{ownVersion(), tfgraph.Version(), tfgraph.Kernels(), devices, runtime.Version()}
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(v)
			}
			_, err = fmt.Fprintf(a.stdout, "alexnet %s, TensorFlow %s, kernels %s, devices %s, %s\n",
				v.Alexnet, v.TensorFlow, v.Kernels, display.List(v.Devices...), v.Go)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// print prints a result as one line of JSON, or as text.
func (a *app) print(asJSON bool, result any, text func(io.Writer) error) error {
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(result)
	}
	return text(a.stdout)
}

func ownVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
