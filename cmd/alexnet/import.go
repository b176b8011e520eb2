package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"alexnet/finetune"
	"alexnet/internal/pretrained"
)

// importFlags are the flags of import.
type importFlags struct {
	finetune.Config // of which Arch, Resize and IgnoreOrientation are flags
	out, classes    string
}

func newImport(a *app) *cobra.Command {
	flags := &importFlags{Config: finetune.New("", "")}
	cmd := &cobra.Command{
		Use:   "import FILE|NAME --classes FILE --out MODEL",
		Short: "Make a model of a complete weights file, without training",
		Long: "Make a model of a complete weights file, without training, such as one of the 1000 classes of ImageNet.\n\n" +
			"FILE is what train --weights takes; it must have every layer. --classes names a text file with a class name a\n" +
			"line, in the order of the outputs, or imagenet: the 1000 classes in the order of Caffe, Keras and torchvision.\n\n" +
			"MODEL is a run directory with a checkpoint of epoch 0 and no dataset. predict, eval, serve, report, export and\n" +
			"inspect take it, and train --weights, to fine-tune it.",
		Example: "  alexnet import bvlc_alexnet.npy --classes imagenet --out models/imagenet\n" +
			"  alexnet import flowers.npz --classes flowers.txt --out models/flowers",
		Args:              cobra.ExactArgs(1),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.importModel(cmd.Context(), args[0], flags) },
		ValidArgsFunction: completeNames(pretrained.Weights),
	}
	f := cmd.Flags()
	f.StringVar(&flags.out, "out", "", "run directory to write")
	f.StringVar(&flags.classes, "classes", "", "`file` of class names, or "+strings.Join(pretrained.Names(pretrained.Classes), ", "))
	registerSettings(f, &flags.Config, "arch", "channels", "resize", "ignore-orientation", "widths", "size")
	return cmd
}

func (a *app) importModel(ctx context.Context, weights string, f *importFlags) error {
	var errs []error
	if f.out == "" {
		errs = append(errs, errors.New("--out: got none, want a path"))
	}
	if f.classes == "" {
		errs = append(errs, errors.New("--classes: got none, want a file"))
	}
	if err := errors.Join(errs...); err != nil {
		return usageError{err}
	}
	c := f.Config
	c.Weights, c.UserCacheDir = weights, userCacheDir()
	classes, err := pretrained.ReadClasses(ctx, f.classes, pretrained.Options{CacheDir: c.UserCacheDir, Terminal: a.terminal(), Log: a.log})
	if err != nil {
		return err
	}
	if err := finetune.Import(ctx, f.out, c, classes, finetune.Watch{Log: a.log, Terminal: a.terminal()}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "wrote %s: %d classes\nNext: alexnet predict %[1]s FILE…\n", f.out, len(classes))
	return err
}
