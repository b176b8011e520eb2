package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alexnet/alexnet"
	"alexnet/finetune"
	"alexnet/internal/hint"
	"alexnet/internal/pretrained"
	"alexnet/internal/rundir"
)

// settingFlag is the flag of a setting; it implements pflag.Value.
type settingFlag struct {
	finetune.Setting
	config *finetune.Config
}

func (f settingFlag) String() string { return f.Get(*f.config) }
func (f settingFlag) Type() string   { return f.Kind() }

func (f settingFlag) Set(text string) error {
	if err := f.Setting.Set(f.config, text); err != nil {
		return err
	}
	return f.Validate(*f.config)
}

// registerSettings adds the flags of the settings with these names, or of all.
func registerSettings(flags *pflag.FlagSet, c *finetune.Config, names ...string) {
	for _, s := range finetune.Settings {
		if s.Help == "" || names != nil && !slices.Contains(names, s.Name) {
			continue
		}
		flag := flags.VarPF(settingFlag{s, c}, s.Name, "", s.Help)
		if flag.Hidden = s.Hidden; s.Kind() == "bool" {
			flag.NoOptDefVal = "true"
		}
	}
}

// weightsVar is the environment variable with the default of train --weights, which container images set.
const weightsVar = "ALEXNET_WEIGHTS"

// trainFlags are the flags of train.
type trainFlags struct {
	config finetune.Config
	out    string
	resume bool
}

func (f *trainFlags) register(flags *pflag.FlagSet) {
	f.config = finetune.New("", os.Getenv(weightsVar))
	flags.SortFlags = false
	flags.StringVar(&f.out, "out", "", "run directory (default runs/ and the name of DATA)")
	registerSettings(flags, &f.config)
	flags.BoolVar(&f.resume, "resume", false, "continue the run in --out from its newest checkpoint; with DATA, begin it if there is none")
}

// complete returns the validated settings of a run on data.
func (f *trainFlags) complete(data string) (finetune.Config, error) {
	c := f.config
	c.Data, c.UserCacheDir = data, userCacheDir()
	if err := c.Validate(); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// resumeConfig returns the settings of the run in --out with the changes that the flags make. DATA and --val may be
// the new location of its images. A flag that contradicts the run is an error.
func (f *trainFlags) resumeConfig(flags *pflag.FlagSet, data string) (finetune.Config, error) {
	c, err := finetune.ReadConfig(f.out)
	if err != nil {
		return c, err
	}
	given, err := f.complete(data)
	if err != nil {
		return c, err
	}
	c = c.WithPaths(given.Data, given.Val)
	c.UserCacheDir = given.UserCacheDir
	var problems []string
	flags.Visit(func(flag *pflag.Flag) {
		if s, ok := flag.Value.(settingFlag); ok {
			if err := s.Change(&c, given); err != nil {
				problems = append(problems, "--"+err.Error())
			}
		}
	})
	if problems != nil {
		return c, usageError{hint.With(fmt.Errorf("resume run %q: %s", f.out, strings.Join(problems, "; ")),
			"omit these flags to continue with the run's settings, or start a new run in another --out")}
	}
	return c, nil
}

// registerCompletions adds shell completion to a command's flags and arguments.
func registerCompletions(cmd *cobra.Command) error {
	var errs []error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		complete := cobra.CompletionFunc(nil)
		s, _ := flag.Value.(settingFlag)
		values, files := slices.Concat(s.Choices, s.Samples), cobra.ShellCompDirectiveNoFileComp
		switch flag.Name {
		case "weights":
			files = cobra.ShellCompDirectiveDefault
		case "train-layers":
			complete = completeLayers("all")
		case "init-layers":
			complete = completeLayers("none")
		case "classes":
			values, files = pretrained.Names(pretrained.Classes), cobra.ShellCompDirectiveDefault
		case "split":
			values = []string{"train", "val", "test"}
		}
		if values != nil {
			complete = cobra.FixedCompletions(values, files)
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
