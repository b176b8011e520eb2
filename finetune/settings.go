package finetune

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/display"
	"alexnet/internal/pretrained"
	"alexnet/internal/weights"
	"alexnet/ops"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Setting describes one setting of a run: a field of [Config] that a user may set.
//
// The table of [Settings] is the only place that knows them one by one. The flags of `alexnet train` with their
// help, defaults and shell completion, the choices that Config.Validate accepts, what a run may change on resume,
// TensorBoard's settings and hparams, and the listing of `alexnet inspect` derive from it. To add a setting, add a
// field to Config or train.Config, and a line to the table.
type Setting struct {
	Name    string   // of the flag, and in every listing
	Help    string   // of the flag; "" for the argument DATA
	Choices []string // all valid values; nil if it is not a choice
	Samples []string // some valid values, for shell completion
	Main    bool     // one of the most important: always listed, and compared between runs first
	Hidden  bool     // from the help

	initial    string               // default; "": the zero value, or the default of train.Config or alexnet.Config
	field      func(c *Config) any  // pointer to a string, number, bool or encoding.TextUnmarshaler
	changeable bool                 // on resume
	compared   bool                 // between runs, by TensorBoard, like the main settings
	check      func(c Config) error // checks the value beyond Choices; nil: none
}

// channelOrders are the values of Config.Channels.
var channelOrders = []string{strings.ToLower(string(weights.RGB)), strings.ToLower(string(weights.BGR))}

// Settings are the settings in the order in which `alexnet train --help` and other listings show them.
var Settings = []Setting{
	{Name: "data", field: func(c *Config) any { return &c.Data }},
	{Name: "weights", field: func(c *Config) any { return &c.Weights }, compared: true, Samples: pretrained.Names(pretrained.Weights),
		Help: "pretrained weights: a name that alexnet weights list prints, such as owt, or a file: bvlc_alexnet.npy, .npz, or a folder of arrays; without this flag all layers are trained from scratch"},
	{Name: "arch", field: func(c *Config) any { return &c.Network.Arch }, Main: true, Choices: alexnet.ArchitectureNames(),
		Help: "architecture: bvlc (Krizhevsky et al. 2012, as published for Caffe) or owt (Krizhevsky 2014, as in torchvision) (default what the weights fit, else bvlc)"},
	{Name: "epochs", field: func(c *Config) any { return &c.Epochs }, changeable: true,
		Help: "total number of epochs, including those before --resume"},
	{Name: "batch", field: func(c *Config) any { return &c.Batch }, Main: true,
		Help: "batch size"},
	{Name: "micro-batch", field: func(c *Config) any { return &c.MicroBatch }, changeable: true,
		Help: "micro-batch size for gradient accumulation (default depends on the trained layers)"},
	{Name: "lr", field: func(c *Config) any { return &c.LearningRate }, Main: true,
		Help: fmt.Sprintf("learning rate (default 1e-4 for momentum and adam; for gd %g with bvlc and %g with owt)", alexnet.BVLC.LearningRate, alexnet.OWT.LearningRate)},
	{Name: "optimizer", field: func(c *Config) any { return &c.Optimizer }, Main: true,
		Choices: display.Strings(ops.GradientDescent, ops.Momentum, ops.Adam), Help: "gd, momentum or adam"},
	{Name: "clip-norm", field: func(c *Config) any { return &c.ClipNorm }, compared: true,
		Help: "clip gradients to this global norm (default no clipping)"},
	{Name: "dropout", field: func(c *Config) any { return &c.Dropout }, initial: "0.5", Main: true,
		Help: "dropout probability after trainable fully connected layers, except the last"},
	{Name: "train-layers", field: func(c *Config) any { return (*layerList)(&c.TrainLayers) }, Main: true,
		Help: "comma-separated `layers` to train, or all (default " + strings.Join(alexnet.BVLC.DefaultTrainable(true), ",") + "; all without --weights)"},
	{Name: "init-layers", field: func(c *Config) any { return &c.InitLayers },
		Help: "comma-separated `layers` to initialize from scratch, or none to load all (default the last layer if the number of classes differs, and layers missing from the file)"},
	{Name: "channels", field: func(c *Config) any { return &c.Channels }, Samples: channelOrders,
		check: func(c Config) error {
			if c.Channels != "" && !slices.Contains(channelOrders, c.Channels) {
				return fmt.Errorf("got %q, want %s", c.Channels, strings.Join(channelOrders, " or "))
			}
			return nil
		},
		Help: "order of color channels that the first convolution of the weights reads: rgb or bgr (default what the file's format or architecture reads)"},
	{Name: "augment", field: func(c *Config) any { return &c.Augment }, compared: true,
		Choices: display.Strings(train.NoAugment, train.FlipAugment), Help: "augmentation of training images: flip (random horizontal flip) or none"},
	{Name: "no-shuffle", field: func(c *Config) any { return &c.NoShuffle },
		Help: "keep the dataset's order in every epoch instead of shuffling"},
	{Name: "seed", field: func(c *Config) any { return &c.Seed }, initial: "1", compared: true,
		Help: "random seed for shuffling, augmentation, dropout, initialization and the validation split"},
	{Name: "val", field: func(c *Config) any { return &c.Val },
		Help: "validation split: a folder, a list, or the fraction of DATA to hold out (default DATA's own val or test)"},
	{Name: "layout", field: func(c *Config) any { return &c.Layout }, initial: "auto", Choices: []string{"auto", "classes"},
		Help: "auto, or classes: each folder in DATA is a class, even one with the name of a split such as train"},
	{Name: "keep", field: func(c *Config) any { return &c.Keep }, initial: "5", changeable: true,
		Help: "number of newest checkpoints to keep in addition to the best; 0 keeps all"},
	{Name: "save-every", field: func(c *Config) any { return &c.SaveEvery }, changeable: true,
		Help: "also save mid-epoch, every `N|DURATION`: steps such as 500, or a time such as 10m; keeps only the latest (default only after each epoch)"},
	{Name: "display-every", field: func(c *Config) any { return &c.DisplayEvery }, changeable: true,
		Help: "steps between two points of the training curves"},
	{Name: "on-nan", field: func(c *Config) any { return &c.OnNaN }, changeable: true, Choices: display.Strings(train.Stop, train.Skip, train.LowerLearningRate),
		Help: "action on a non-finite loss or gradient: stop, skip the step, or lower-lr (roll back to the last epoch's checkpoint with lr/10)"},
	{Name: "precision", field: func(c *Config) any { return &c.Precision }, initial: string(Float32), compared: true, Choices: display.Strings(Float32, BFloat16, Auto),
		Help: "float32; bfloat16 for all layers but the last; or auto (bfloat16 for frozen layers if the processor supports it)"},
	{Name: "lrn", field: func(c *Config) any { return &c.Network.LRN }, Choices: display.Strings(alexnet.LRNOps, alexnet.LRNKernel),
		Help: "implementation of local response normalization: ops, or kernel (TensorFlow's own: slower, bit-identical to Python)"},
	{Name: "resize", field: func(c *Config) any { return &c.Resize }, Choices: display.Strings(alexnet.Resizes...),
		Help: "squash (resize and ignore the aspect ratio), crop (squash to a larger size and take the center, as Caffe does), or center (resize the shorter side and take the center, as torchvision does) (default squash with bvlc, center with owt)"},
	{Name: "decode", field: func(c *Config) any { return &c.Decode }, initial: decodeExact, Choices: []string{decodeExact, string(alexnet.DecodeFast)},
		Help: "exact, or fast (downscale large JPEG images while decoding, which changes pixels slightly)"},
	{Name: "ignore-orientation", field: func(c *Config) any { return &c.IgnoreOrientation },
		Help: "ignore the EXIF orientation"},
	{Name: "bad-images", field: func(c *Config) any { return &c.BadImages }, initial: string(input.Refuse), changeable: true,
		Choices: display.Strings(input.Refuse, input.Skip, input.List),
		Help:    "policy for images that cannot be decoded: error, skip (exclude them), or list (print them and exit)"},
	{Name: "formats", field: func(c *Config) any { return &c.Formats }, Samples: []string{"webp", "tiff", "webp,tiff"},
		check: func(c Config) error { _, err := input.ParseFormats(c.Formats); return err },
		Help:  "image formats to accept besides JPEG, PNG, GIF and BMP: webp, tiff"},
	{Name: "max-pixels", field: func(c *Config) any { return (*pixelLimit)(&c.MaxPixels) }, check: func(c Config) error { return c.limits().Validate() },
		Help: "maximum image size in `pixels` (default 100 million)"},
	{Name: "cache", field: func(c *Config) any { return &c.Cache }, changeable: true,
		Help: "folder for the feature cache (outputs of the frozen layers), which runs may share; off disables it (default in memory, else in RUN/cache)"},
	{Name: "cache-memory", field: func(c *Config) any { return &c.CacheMemory }, initial: "1024", changeable: true,
		Help: "memory limit of the feature cache in MiB"},
	{Name: "cache-half", field: func(c *Config) any { return &c.CacheHalf },
		Help: "cache features in float16: half the memory, values rounded to 11 bits"},
	{Name: "device", field: func(c *Config) any { return &c.Device }, initial: string(tfgraph.AutoDevice), changeable: true,
		Samples: append(display.Strings(tfgraph.AutoDevice, tfgraph.CPU), "gpu:0"), check: func(c Config) error { return c.Device.Validate() },
		Help: "`device`: cpu, a GPU such as gpu:0, or auto for the first GPU, else the CPU"},
	{Name: "widths", field: func(c *Config) any { return (*widthList)(&c.Network.Widths) }, Hidden: true,
		Help: "channels or units of each layer but the last, for small experiments"},
	{Name: "size", field: func(c *Config) any { return &c.Network.Size }, Hidden: true,
		Help: "side of the input image, for small experiments"},
}

// Get returns the setting's value in c as text.
func (s Setting) Get(c Config) string {
	field := s.field(&c)
	if t, ok := field.(encoding.TextMarshaler); ok {
		if text, err := t.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(reflect.ValueOf(field).Elem())
}

// Set parses text as Get returns it.
func (s Setting) Set(c *Config, text string) error {
	var err error
	field := s.field(c)
	if t, ok := field.(encoding.TextUnmarshaler); ok {
		return t.UnmarshalText([]byte(text))
	}
	switch v := reflect.ValueOf(field).Elem(); v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	default:
		_, err = fmt.Sscanf(text+"\n", "%v\n", field)
	}
	if err != nil {
		return fmt.Errorf("got %q, want %s", text, s.Kind())
	}
	return nil
}

// Kind is the kind of the setting's values: string, bool, int or float.
func (s Setting) Kind() string {
	field := s.field(new(Config))
	if _, ok := field.(encoding.TextUnmarshaler); ok {
		return "string"
	}
	return strings.TrimRight(strings.TrimPrefix(reflect.TypeOf(field).Elem().Kind().String(), "u"), "0123456789")
}

// Change sets the setting of c, which describes a run to resume, to its value in given: an error if that differs and
// the run cannot change it.
func (s Setting) Change(c *Config, given Config) error {
	if s.changeable {
		return s.Set(c, s.Get(given))
	}
	return s.compare(given, *c, "the run has")
}

// compare returns an error if the setting differs between c and old, the settings of the run.
func (s Setting) compare(c, old Config, subject string) error {
	if got, want := s.Get(c.absolute()), s.Get(old.absolute()); got != want {
		return fmt.Errorf("%s: got %s, %s %s", s.Name, got, subject, want)
	}
	return nil
}

// value is the setting's value for TensorBoard's table of runs.
func (s Setting) value(c Config) any {
	switch v := reflect.ValueOf(s.field(&c)).Elem(); v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int64:
		return int(v.Int())
	case reflect.Uint64:
		return float64(v.Uint())
	case reflect.Float64:
		return v.Float()
	}
	return cmp.Or(s.Get(c), "none")
}

// Validate checks the setting's value in c, as far as it does not depend on package train.
func (s Setting) Validate(c Config) error {
	text := s.Get(c)
	if s.Choices != nil && !slices.Contains(s.Choices, text) {
		last := len(s.Choices) - 1
		return fmt.Errorf("%s: got %q, want %s or %s", s.Name, text, strings.Join(s.Choices[:last], ", "), s.Choices[last])
	}
	if s.check != nil {
		if err := s.check(c); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// layerList is a list of layers as text: see parseLayers.
type layerList []string

func (l layerList) MarshalText() ([]byte, error)     { return []byte(strings.Join(l, ",")), nil }
func (l *layerList) UnmarshalText(text []byte) error { *l = parseLayers(string(text)); return nil }

// pixelLimit is a limit as text, "" for the default: an explicit 0 does not lift it.
type pixelLimit int64

func (l pixelLimit) MarshalText() ([]byte, error) {
	if l == 0 {
		return nil, nil
	}
	return strconv.AppendInt(nil, int64(l), 10), nil
}

func (l *pixelLimit) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(cmp.Or(string(text), "0"), 10, 64)
	if err != nil || len(text) > 0 && n < 1 {
		return fmt.Errorf("got %q, want 1 or more pixels", text)
	}
	*l = pixelLimit(n)
	return nil
}

// widthList is the widths as text: comma-separated numbers.
type widthList []int

func (w widthList) MarshalText() ([]byte, error) {
	return []byte(strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(w)), " ", ","), "[]")), nil
}

func (w *widthList) UnmarshalText(text []byte) error {
	fields := strings.Split(string(text), ",")
	if want := len(alexnet.Config{}.WithDefaults().Widths); len(fields) != want {
		return fmt.Errorf("got %d numbers, want %d", len(fields), want)
	}
	*w = make(widthList, len(fields))
	for i, field := range fields {
		n, err := strconv.Atoi(field)
		if err != nil {
			return err
		}
		(*w)[i] = n
	}
	return nil
}
