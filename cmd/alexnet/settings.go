package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"alexnet/alexnet"
	"alexnet/ops"
	"alexnet/train"
)

// settings are all that a run is made from; RUN/config.json holds them.
type settings struct {
	train.Config
	Data              string         `json:"data"`
	Fingerprint       string         `json:"data_fingerprint"` // of the pictures that were found
	Used              int            `json:"pictures_used"`    // for training; others could not be decoded
	Val               string         `json:"val,omitempty"`
	Weights           string         `json:"weights,omitempty"`
	TrainLayers       []string       `json:"train_layers"`
	InitLayers        string         `json:"init_layers,omitempty"` // as given
	Resize            alexnet.Resize `json:"resize"`
	IgnoreOrientation bool           `json:"ignore_orientation,omitempty"`
	BadImages         string         `json:"bad_images"`
	Formats           string         `json:"formats,omitempty"`
	MaxPixels         int64          `json:"max_pixels,omitempty"`
	Cache             string         `json:"cache,omitempty"`
	CacheMemory       int64          `json:"cache_memory"` // MiB
	CacheHalf         bool           `json:"cache_half,omitempty"`
	Decode            string         `json:"decode,omitempty"`    // as given
	Precision         string         `json:"precision,omitempty"` // as given
	Network           alexnet.Config `json:"network"`
}

// trainFlags are the flags of train before they become settings.
type trainFlags struct {
	set       settings
	pictures  pictureFlags
	out       string
	optimizer string
	resize    string
	layers    string
	lrn       string
	widths    []int
	size      int
	resume    bool
}

func (f *trainFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.set.Weights, "weights", "", "pretrained weights: bvlc_alexnet.npy, .npz, or a folder of arrays; without them all layers train from scratch")
	flags.StringVar(&f.out, "out", "", "run directory (default runs/<name of DATA>)")
	flags.IntVar(&f.set.Epochs, "epochs", 10, "epochs in total, those before a --resume included")
	flags.IntVar(&f.set.Batch, "batch", 128, "pictures an update")
	flags.Float64Var(&f.set.LearningRate, "lr", 0, "learning rate (default 1e-3 for gd, 1e-4 for momentum and adam)")
	flags.StringVar(&f.optimizer, "optimizer", "gd", "gd, momentum or adam")
	flags.Float64Var(&f.set.Dropout, "dropout", 0.5, "probability of dropping a unit of fc6 and fc7 where they are trained")
	flags.StringVar(&f.layers, "train-layers", "", "layers to update, as in fc7,fc8, or all (default fc6,fc7,fc8; all without --weights)")
	flags.StringVar(&f.set.InitLayers, "init-layers", "", "layers to start from scratch, or none to load all (default fc8 if the file's has other classes, and what the file lacks)")
	flags.Uint64Var(&f.set.Seed, "seed", 1, "of the order of pictures, the dropout, the first values and the split")
	flags.StringVar(&f.set.Val, "val", "", "folder or list to validate on, or the fraction of DATA to keep back for it (default DATA's own val or test)")
	flags.IntVar(&f.set.Keep, "keep", 5, "newest checkpoints to keep beside the best; 0 keeps all")
	flags.IntVar(&f.set.DisplayEvery, "display-every", 20, "updates between two points of the curves")
	flags.StringVar(&f.resize, "resize", string(alexnet.Squash), "squash to 227x227, or crop: squash to 256x256 and take the centre, as Caffe does")
	flags.StringVar(&f.set.Cache, "cache", "", "folder, which runs may share, to keep what frozen layers give; off computes it in every epoch anew (default memory, or else RUN/cache)")
	flags.Int64Var(&f.set.CacheMemory, "cache-memory", 1024, "MiB of memory for what frozen layers give")
	flags.BoolVar(&f.set.CacheHalf, "cache-half", false, "keep what frozen layers give in float16: half the memory, values rounded to 11 bits")
	flags.BoolVar(&f.set.Mirror, "mirror", false, "show each picture mirrored in half of the epochs")
	flags.BoolVar(&f.set.InOrder, "in-order", false, "take pictures in the order of their names instead of shuffling them every epoch")
	flags.StringVar(&f.set.Decode, "decode", "exact", "exact, or fast: shrink JPEG at least twice too large while decoding, which gives slightly other pixels")
	flags.IntVar(&f.set.MicroBatch, "micro-batch", 0, "the most pictures computed at once; a batch of several adds up their gradients to the same update (default chosen by layers)")
	flags.StringVar(&f.lrn, "lrn", string(alexnet.LRNOps), "how norm1 and norm2 are computed: ops, or kernel for TensorFlow's own, slower and equal to Python's to the last bit")
	flags.StringVar(&f.set.Precision, "precision", precisionFloat32, "float32; bfloat16 for all layers but fc8; or auto: bfloat16 for frozen layers where the processor has it")
	flags.BoolVar(&f.set.IgnoreOrientation, "ignore-orientation", false, "take pictures as stored, whatever their EXIF orientation says")
	flags.BoolVar(&f.resume, "resume", false, "go on with the run in --out from its newest checkpoint")
	f.pictures.register(flags)
	flags.IntSliceVar(&f.widths, "widths", nil, "channels of conv1…conv5 and units of fc6 and fc7, for small experiments")
	flags.IntVar(&f.size, "size", 227, "side of the input picture, for small experiments")
	for _, name := range []string{"widths", "size"} {
		_ = flags.MarkHidden(name)
	}
}

// settings checks the flags and gathers them.
func (f *trainFlags) settings(data string) (settings, error) {
	s := f.set
	s.Data, s.Optimizer, s.Resize = data, ops.Optimizer(f.optimizer), alexnet.Resize(f.resize)
	s.BadImages, s.Formats, s.MaxPixels = f.pictures.bad, f.pictures.formats, f.pictures.limits.MaxPixels
	if s.TrainLayers = splitLayers(f.layers); s.TrainLayers == nil {
		s.TrainLayers = alexnet.DefaultTrainLayers(s.Weights != "")
	}
	s.Network.Size, s.Network.LRN = f.size, alexnet.LRN(f.lrn)
	var errs []error
	if s.Network.LRN != alexnet.LRNOps && s.Network.LRN != alexnet.LRNKernel {
		errs = append(errs, fmt.Errorf("--lrn: got %q, want ops or kernel", f.lrn))
	}
	var err error
	if s.Network.BFloat16, err = reduced(s.Precision, s.TrainLayers); err != nil {
		errs = append(errs, err)
	}
	if len(f.widths) == 7 {
		copy(s.Network.Widths.Conv[:], f.widths)
		copy(s.Network.Widths.FC[:], f.widths[5:])
	} else if f.widths != nil {
		errs = append(errs, fmt.Errorf("--widths: got %d numbers, want 7", len(f.widths)))
	}
	s.Config = s.Config.WithDefaults()
	if f.set.Epochs == 0 || f.set.Batch == 0 || f.set.DisplayEvery == 0 {
		errs = append(errs, errors.New("--epochs, --batch and --display-every: got 0, want at least 1"))
	}
	if s.Decode != "exact" && s.Decode != string(alexnet.DecodeFast) {
		errs = append(errs, fmt.Errorf("--decode: got %q, want exact or fast", s.Decode))
	}
	if s.Resize != alexnet.Squash && s.Resize != alexnet.Crop {
		errs = append(errs, fmt.Errorf("--resize: got %q, want squash or crop", s.Resize))
	}
	if err := errors.Join(append(errs, s.Config.Validate())...); err != nil {
		return s, usageError{err}
	}
	return s, nil
}

// splitLayers reads a,b|all; nothing is nil, the default.
func splitLayers(list string) []string {
	switch list {
	case "":
		return nil
	case "all":
		return slices.Clone(alexnet.LayerNames)
	}
	layers := strings.Split(list, ",")
	for i := range layers {
		layers[i] = strings.TrimSpace(layers[i])
	}
	return layers
}

// choice is what the layer flags ask of a plan.
func (s settings) choice() alexnet.Choice {
	c := alexnet.Choice{Train: s.TrainLayers}
	if s.InitLayers == "none" {
		c.Strict = true
	} else {
		c.Init = splitLayers(s.InitLayers)
	}
	return c
}

func configPath(out string) string { return filepath.Join(out, "config.json") }

// readSettings reads what the run in out was made from.
func readSettings(out string) (settings, error) {
	var s settings
	text, err := os.ReadFile(configPath(out))
	if errors.Is(err, fs.ErrNotExist) {
		return s, hinted{fmt.Errorf("resume run %q: it holds no config.json", out), "name the run directory with --out; without --resume a new run begins"}
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return s, fmt.Errorf("resume run %q: read config.json: %w", out, err)
	}
	return s, nil
}

// free are the flags that a resumed run may change.
var free = map[string]bool{"out": true, "resume": true, "epochs": true, "keep": true, "display-every": true, "verbose": true, "help": true, "bad-images": true, "cache": true, "cache-memory": true, "micro-batch": true}

// resumed are the settings of the run in out with what the flags may change of
// them. A flag that contradicts the run is an error.
func (f *trainFlags) resumed(flags *pflag.FlagSet, args []string) (settings, error) {
	old, err := readSettings(f.out)
	if err != nil {
		return old, err
	}
	data := old.Data
	if len(args) > 0 {
		data = args[0]
	}
	given, err := f.settings(data)
	if err != nil {
		return old, err
	}
	var problems []string
	if len(args) > 0 && !samePath(args[0], old.Data) {
		problems = append(problems, fmt.Sprintf("DATA: got %q, the run has %q", args[0], old.Data))
	}
	was, now := old.byFlag(), given.byFlag()
	flags.Visit(func(fl *pflag.Flag) {
		if !free[fl.Name] && was[fl.Name] != now[fl.Name] {
			problems = append(problems, fmt.Sprintf("--%s: got %v, the run has %v", fl.Name, now[fl.Name], was[fl.Name]))
		}
	})
	if problems != nil {
		return old, usageError{hinted{fmt.Errorf("resume run %q: %s", f.out, strings.Join(problems, "; ")),
			"leave these out to go on with the run's own, or begin a new run in another --out"}}
	}
	changed := func(name string, apply func()) {
		if flags.Changed(name) {
			apply()
		}
	}
	changed("epochs", func() { old.Epochs = given.Epochs })
	changed("keep", func() { old.Keep = given.Keep })
	changed("display-every", func() { old.DisplayEvery = given.DisplayEvery })
	changed("bad-images", func() { old.BadImages = given.BadImages })
	changed("cache", func() { old.Cache = given.Cache })
	changed("micro-batch", func() { old.MicroBatch = given.MicroBatch })
	changed("cache-memory", func() { old.CacheMemory = given.CacheMemory })
	return old, nil
}

// byFlag gives each setting under its flag's name, to compare two.
func (s settings) byFlag() map[string]string {
	text := func(v any) string { return fmt.Sprint(v) }
	layers := strings.Join(s.TrainLayers, ",")
	return map[string]string{
		"weights": absolute(s.Weights), "batch": text(s.Batch), "lr": text(s.LearningRate), "optimizer": text(s.Optimizer),
		"dropout": text(s.Dropout), "train-layers": layers, "init-layers": s.InitLayers, "seed": text(s.Seed),
		"val": absolute(s.Val), "resize": text(s.Resize), "ignore-orientation": text(s.IgnoreOrientation),
		"formats": s.Formats, "max-pixels": text(s.MaxPixels), "widths": text(s.Network.Widths), "size": text(s.Network.Size),
		"lrn": text(s.Network.LRN), "precision": cmp.Or(s.Precision, precisionFloat32),
		"mirror": text(s.Mirror), "in-order": text(s.InOrder), "decode": cmp.Or(s.Decode, "exact"), "cache-half": text(s.CacheHalf),
	}
}

func samePath(a, b string) bool { return absolute(a) == absolute(b) }

// absolute makes an existing path absolute and leaves anything else, such as a
// fraction, as it is.
func absolute(path string) string {
	if _, err := os.Stat(path); path == "" || err != nil {
		return path
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}
