package main

import (
	"strings"

	"github.com/spf13/cobra"

	"alexnet/finetune"
	"alexnet/internal/doctor"
)

func newDoctor(a *app) *cobra.Command {
	var asJSON bool
	c := finetune.New("", "") // of which Val, Seed, Layout, Formats and MaxPixels are flags
	cmd := &cobra.Command{
		Use:   "doctor [DATA]",
		Short: "Check the installation and a dataset for problems",
		Long: "Check the TensorFlow library and the machine, and, given DATA, every image in it, for what keeps training\n" +
			"from working. It decodes all images and changes none. The results are cached, also for train and eval, in\n" +
			"alexnet/verdicts.csv in the user's cache folder (~/.cache); it can be removed at any time.\n\n" +
			"The exit code is 1 if there are problems, and 0 if there are none or only warnings.",
		Example: "  alexnet doctor\n  alexnet doctor photos --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opt, err := imageOptions(c)
			if err != nil {
				return err
			}
			opt.Val, opt.Seed = c.Val, c.Seed
			r, err := doctor.Examine(cmd.Context(), doctor.Options{Program: ownVersion(), Data: strings.Join(args, ""), Input: opt,
				Sandbox: a.sandboxOptions()})
			if err != nil {
				return err
			}
			if err := a.print(asJSON, r, r.Print); err != nil || r.Healthy {
				return err
			}
			return errSilent
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	registerSettings(f, &c, "val", "seed", "layout", "formats", "max-pixels")
	return cmd
}
