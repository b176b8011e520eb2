package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alexnet/alexnet"
	"alexnet/finetune"
	"alexnet/internal/hint"
)

// trainFlags are the flags of train before they become a Config.
type trainFlags struct {
	values finetune.Config
	out    string
	layers string
	widths []int
	resume bool
}

func (f *trainFlags) register(flags *pflag.FlagSet) {
	f.values = finetune.New("", "")
	c := &f.values
	flags.StringVar(&c.Weights, "weights", "", "pretrained weights: bvlc_alexnet.npy, .npz, or a folder of arrays; without them all layers train from scratch")
	flags.StringVar(&f.out, "out", "", "run directory (default runs/ and the name of DATA)")
	flags.IntVar(&c.Epochs, "epochs", c.Epochs, "epochs in total, those before a --resume included")
	flags.IntVar(&c.Batch, "batch", c.Batch, "pictures an update")
	flags.Float64Var(&c.LearningRate, "lr", 0, "learning rate (default 1e-3 for gd, 1e-4 for momentum and adam)")
	flags.StringVar((*string)(&c.Optimizer), "optimizer", string(c.Optimizer), "gd, momentum or adam")
	flags.Float64Var(&c.Dropout, "dropout", c.Dropout, "probability of dropping a unit of fc6 and fc7 where they are trained")
	flags.StringVar(&f.layers, "train-layers", "", "layers to update, as in fc7,fc8, or all (default fc6,fc7,fc8; all without --weights)")
	flags.StringVar(&c.InitLayers, "init-layers", "", "layers to start from scratch, or none to load all (default fc8 if the file's has other classes, and what the file lacks)")
	flags.Uint64Var(&c.Seed, "seed", c.Seed, "of the order of pictures, the dropout, the first values and the split")
	flags.StringVar(&c.Val, "val", "", "folder or list to validate on, or the fraction of DATA to keep back for it (default DATA's own val or test)")
	flags.IntVar(&c.Keep, "keep", c.Keep, "newest checkpoints to keep beside the best; 0 keeps all")
	flags.IntVar(&c.DisplayEvery, "display-every", c.DisplayEvery, "updates between two points of the curves")
	flags.TextVar(&c.SaveEvery, "save-every", c.SaveEvery, "a checkpoint inside an epoch too, every so many updates or so long: `N|DURATION`, as in 500 or 10m; each replaces the one before (default only at an epoch's end)")
	flags.StringVar((*string)(&c.Resize), "resize", string(c.Resize), "squash to 227x227, or crop: squash to 256x256 and take the centre, as Caffe does")
	flags.StringVar(&c.Cache, "cache", "", "folder, which runs may share, to keep what frozen layers give; off computes it in every epoch anew (default memory, or else RUN/cache)")
	flags.Int64Var(&c.CacheMemory, "cache-memory", c.CacheMemory, "MiB of memory for what frozen layers give")
	flags.BoolVar(&c.CacheHalf, "cache-half", false, "keep what frozen layers give in float16: half the memory, values rounded to 11 bits")
	flags.StringVar((*string)(&c.Augment), "augment", string(c.Augment), "random augmentation of training images: flip (horizontal, with probability 1/2) or none")
	flags.BoolVar(&c.NoShuffle, "no-shuffle", false, "train on images in the order of their names instead of shuffling them every epoch")
	flags.StringVar(&c.Decode, "decode", c.Decode, "exact, or fast: shrink JPEG at least twice too large while decoding, which gives slightly other pixels")
	flags.IntVar(&c.MicroBatch, "micro-batch", 0, "the most pictures computed at once; a batch of several adds up their gradients to the same update (default chosen by layers)")
	flags.StringVar((*string)(&c.Network.LRN), "lrn", string(c.Network.LRN), "how norm1 and norm2 are computed: ops, or kernel for TensorFlow's own, slower and equal to Python's to the last bit")
	flags.StringVar((*string)(&c.Precision), "precision", string(c.Precision), "float32; bfloat16 for all layers but fc8; or auto: bfloat16 for frozen layers where the processor has it")
	flags.Float64Var(&c.ClipNorm, "clip-norm", 0, "the most that the norm of all gradients together may be; larger ones are shrunk to it (default no bound)")
	flags.StringVar((*string)(&c.OnNaN), "on-nan", string(c.OnNaN), "an update whose loss or gradients are no finite numbers is never applied: stop; skip it; or lower-lr: go back to the last epoch's checkpoint, or further, with a tenth of the rate")
	registerDevice(flags, &c.Device)
	flags.BoolVar(&c.IgnoreOrientation, "ignore-orientation", false, "take pictures as stored, whatever their EXIF orientation says")
	flags.BoolVar(&f.resume, "resume", false, "go on with the run in --out from its newest checkpoint")
	registerImageFlags(flags, &c.BadImages, &c.Formats, &c.MaxPixels)
	flags.IntSliceVar(&f.widths, "widths", nil, "channels of conv1…conv5 and units of fc6 and fc7, for small experiments")
	flags.IntVar(&c.Network.Size, "size", c.Network.Size, "side of the input picture, for small experiments")
	for _, name := range []string{"widths", "size"} {
		_ = flags.MarkHidden(name)
	}
}

// config checks the flags and gathers them.
func (f *trainFlags) config(data string) (finetune.Config, error) {
	c := f.values
	c.Data, c.VerdictDir = data, verdictsDir()
	if c.TrainLayers = finetune.Layers(f.layers); c.TrainLayers == nil {
		c.TrainLayers = alexnet.DefaultTrainLayers(c.Weights != "")
	}
	var errs []error
	if len(f.widths) == 7 {
		copy(c.Network.Widths.Conv[:], f.widths)
		copy(c.Network.Widths.FC[:], f.widths[5:])
	} else if f.widths != nil {
		errs = append(errs, fmt.Errorf("widths: got %d numbers, want 7", len(f.widths)))
	}
	if c.Epochs == 0 || c.Batch == 0 || c.DisplayEvery == 0 {
		errs = append(errs, errors.New("epochs, batch and display-every: got 0, want at least 1"))
	}
	c.Config = c.Config.WithDefaults()
	if err := errors.Join(append(errs, c.Validate())...); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// resumeConfig is the Config of the run in --out with what the flags may change of it.
// DATA and --val may be where its pictures are now. A flag that contradicts the run is an error.
func (f *trainFlags) resumeConfig(cmd *cobra.Command, args []string) (finetune.Config, error) {
	old, err := finetune.ReadConfig(f.out)
	if err != nil {
		return old, err
	}
	old.VerdictDir = verdictsDir()
	given, err := f.config(strings.Join(args, ""))
	if err != nil {
		return old, err
	}
	old = old.WithPaths(given.Data, given.Val)
	var problems []string
	was, now := old.Settings(), given.Settings()
	cmd.Flags().Visit(func(fl *pflag.Flag) {
		if was[fl.Name] != now[fl.Name] {
			problems = append(problems, fmt.Sprintf("--%s: got %v, the run has %v", fl.Name, now[fl.Name], was[fl.Name]))
		}
		if change := changes[fl.Name]; change != nil {
			change(&old, given)
		}
	})
	if problems != nil {
		slices.Sort(problems)
		return old, usageError{hint.With(fmt.Errorf("resume run %q: %s", f.out, strings.Join(problems, "; ")),
			"leave these out to go on with the run's own, or begin a new run in another --out")}
	}
	return old, nil
}

// changes are what flags may change of a run that goes on.
var changes = map[string]func(c *finetune.Config, given finetune.Config){
	"epochs":        func(c *finetune.Config, given finetune.Config) { c.Epochs = given.Epochs },
	"keep":          func(c *finetune.Config, given finetune.Config) { c.Keep = given.Keep },
	"save-every":    func(c *finetune.Config, given finetune.Config) { c.SaveEvery = given.SaveEvery },
	"display-every": func(c *finetune.Config, given finetune.Config) { c.DisplayEvery = given.DisplayEvery },
	"bad-images":    func(c *finetune.Config, given finetune.Config) { c.BadImages = given.BadImages },
	"cache":         func(c *finetune.Config, given finetune.Config) { c.Cache = given.Cache },
	"cache-memory":  func(c *finetune.Config, given finetune.Config) { c.CacheMemory = given.CacheMemory },
	"device":        func(c *finetune.Config, given finetune.Config) { c.Device = given.Device },
	"on-nan":        func(c *finetune.Config, given finetune.Config) { c.OnNaN = given.OnNaN },
	"micro-batch":   func(c *finetune.Config, given finetune.Config) { c.MicroBatch = given.MicroBatch },
}
