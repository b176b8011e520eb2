package finetune

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/hint"
	"alexnet/internal/pretrained"
	"alexnet/internal/weights"
	"alexnet/ops"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Config holds all settings of a run; the run directory contains it as config.json. [New] fills in the defaults.
type Config struct {
	train.Config
	Data              string         `json:"data"`             // folder or list, as for input.Open; stored as an absolute path
	Fingerprint       string         `json:"data_fingerprint"` // of the dataset; set by Run
	TrainCount        int            `json:"train_count"`      // images trained on; set by Run
	Excluded          *ExcludedNames `json:"excluded"`         // images that cannot be decoded; a resumed run excludes the same; set by Run
	Val               string         `json:"val,omitempty"`    // folder, list or fraction; "": Data's own val or test
	Layout            string         `json:"layout,omitempty"` // auto, or classes: folders called train and val are classes
	Weights           string         `json:"weights,omitempty"`
	TrainLayers       []string       `json:"train_layers"`
	InitLayers        string         `json:"init_layers,omitempty"` // layers to start from scratch, as in "fc7,fc8"; "none"; "": fc8 where classes differ, and what the file lacks
	Channels          string         `json:"channels,omitempty"`    // order in which the first convolution of Weights reads them: rgb, bgr; "": the file's
	Resize            alexnet.Resize `json:"resize"`
	IgnoreOrientation bool           `json:"ignore_orientation,omitempty"`
	BadImages         input.Policy   `json:"bad_images"`
	Formats           string         `json:"formats,omitempty"`    // beyond JPEG, PNG, GIF and BMP: "webp,tiff"
	MaxPixels         int64          `json:"max_pixels,omitempty"` // 0: 100 million
	Cache             string         `json:"cache,omitempty"`      // folder that runs may share; "off"; "": in memory, or else in the run directory
	CacheMemory       int64          `json:"cache_memory"`         // MiB
	CacheHalf         bool           `json:"cache_half,omitempty"` // store features in float16
	Decode            string         `json:"decode,omitempty"`     // exact or fast
	Precision         Precision      `json:"precision,omitempty"`
	Device            tfgraph.Device `json:"device,omitempty"` // falls back to the CPU
	Network           alexnet.Config `json:"network"`          // Classes and BFloat16 are set by Run
	UserCacheDir      string         `json:"-"`                // folder of the hashes of images, the verdicts on them and pretrained weights, which runs may share; "": the run directory

	WeightsSource *pretrained.Provenance `json:"weights_source,omitempty"` // of Weights, a file or a name such as owt, if it is published; set by Run
}

// ExcludedNames lists excluded images by input.Example.Name.
type ExcludedNames struct {
	Train []string `json:"train"`
	Val   []string `json:"val"`
}

// New returns the defaults of `alexnet train`. Without weights all layers train from scratch. What depends on the
// architecture, and with it on the weights, is zero: Run fills it in, see [Config.WithDefaults].
func New(data, weights string) Config {
	c := Config{Config: train.Config{}.WithDefaults()}
	for _, s := range Settings {
		if s.initial != "" {
			if err := s.Set(&c, s.initial); err != nil {
				panic(err) // a bug in the table, found by any test
			}
		}
	}
	c.Data, c.Weights, c.LearningRate = data, weights, 0
	return c
}

// WithDefaults fills in the defaults that depend on the architecture: its sizes, the learning rate, the trained layers and
// how images are resized. Without an architecture it takes BVLC's.
func (c Config) WithDefaults() Config {
	c.Network.Arch = cmp.Or(c.Network.Arch, alexnet.BVLC.Name)
	c.Network = c.Network.WithDefaults()
	a := c.Network.Architecture()
	if c.LearningRate == 0 && c.Optimizer == ops.GradientDescent {
		c.LearningRate = a.LearningRate
	}
	if c.LearningRate == 0 {
		c.LearningRate = train.Config{Optimizer: c.Optimizer}.WithDefaults().LearningRate
	}
	if c.TrainLayers == nil {
		c.TrainLayers = a.DefaultTrainable(c.Weights != "")
	}
	c.Resize = c.Network.Preprocessing(c.Resize, true, nil).Resize
	return c
}

// resolve chooses the architecture, if none is set: the one that the weights fit, if there are any. Then it fills in what
// depends on it.
func (c Config) resolve(file *weights.File) (Config, error) {
	if file != nil {
		fits := alexnet.Fitting(file)
		if c.Network.Arch == "" && fits != nil {
			c.Network.Arch = fits[0]
		}
		if c.Network.Arch != "" && fits != nil && !slices.Contains(fits, c.Network.Arch) {
			return c, hint.With(fmt.Errorf("use weights %q for %s: got weights of %s", c.Weights, c.Network.Arch, fits[0]),
				"omit --arch, or choose other --weights")
		}
	}
	c = c.WithDefaults()
	return c, errors.Join(c.Validate(), c.Network.Validate())
}

const (
	decodeExact = "exact"
	cacheOff    = "off"
)

// Validate joins all problems that c alone shows, with its defaults filled in.
func (c Config) Validate() error {
	known := c
	if known.Network.Architecture().Name == "" {
		known.Network.Arch = "" // which its setting reports
	}
	known = known.WithDefaults()
	known.Network.Arch = cmp.Or(c.Network.Arch, known.Network.Arch)
	c = known
	errs, resolved := []error{c.Config.Validate()}, c.absolute()
	for _, path := range resolved.paths() {
		if !utf8.ValidString(*path) {
			errs = append(errs, fmt.Errorf("paths: got %q, want UTF-8, which config.json requires: rename the folder or file", *path))
		}
	}
	for _, s := range Settings {
		errs = append(errs, s.Validate(c))
	}
	return errors.Join(errs...)
}

// WithPaths returns c with its dataset at a new location: Data, and Val if the old and the new one are paths.
// "" keeps the old path.
func (c Config) WithPaths(data, val string) Config {
	c.Data = cmp.Or(data, c.Data)
	if isPath(c.Val) && isPath(val) {
		c.Val = val
	}
	return c
}

// paths are the files and folders among the settings.
func (c *Config) paths() []*string {
	paths := []*string{&c.Data}
	if _, named := pretrained.Named(pretrained.Weights, c.Weights); !named {
		paths = append(paths, &c.Weights)
	}
	if isPath(c.Val) {
		paths = append(paths, &c.Val)
	}
	if c.Cache != cacheOff {
		paths = append(paths, &c.Cache)
	}
	return paths
}

// absolute returns c with absolute paths.
func (c Config) absolute() Config {
	for _, path := range c.paths() {
		*path = absolute(*path)
	}
	return c
}

// WithBaseNames returns c without the folders of its paths, which an exported model must not reveal.
func (c Config) WithBaseNames() Config {
	for _, path := range c.paths() {
		if filepath.IsAbs(*path) {
			*path = filepath.Base(*path)
		}
	}
	return c
}

// datasetPaths are Data and, if it is a path, Val.
func (c Config) datasetPaths() []string {
	if isPath(c.Val) {
		return []string{c.Data, c.Val}
	}
	return []string{c.Data}
}

// isPath reports whether a Val is a folder or list.
func isPath(val string) bool {
	_, fraction := input.Options{Val: val}.Fraction()
	return val != "" && !fraction
}

// absolute keeps "".
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil && path != "" {
		return abs
	}
	return path
}

// parseLayers parses "fc7,fc8" or "all"; "" gives nil.
func parseLayers(list string) []string {
	switch list {
	case "":
		return nil
	case "all":
		return alexnet.BVLC.LayerNames()
	}
	layers := strings.Split(list, ",")
	for i := range layers {
		layers[i] = strings.TrimSpace(layers[i])
	}
	return layers
}

// layerSelection says which layers to load and which to train.
func (c Config) layerSelection() alexnet.Selection {
	selection := alexnet.Selection{Train: c.TrainLayers}
	if c.InitLayers == "none" {
		selection.Strict = true
	} else {
		selection.Init = parseLayers(c.InitLayers)
	}
	return selection
}

// dropoutLayers are the layers followed by dropout: those that are trained.
func (c Config) dropoutLayers() []string {
	if c.Dropout == 0 {
		return nil
	}
	return c.TrainLayers
}

// preprocessing of the run's images.
func (c Config) preprocessing(classes []string) alexnet.Preprocessing {
	p := c.Network.Preprocessing(c.Resize, !c.IgnoreOrientation, classes)
	if c.Decode != decodeExact {
		p.Decode = alexnet.DecodeMode(c.Decode)
	}
	return p
}
