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
	Weights           string         `json:"weights,omitempty"`
	TrainLayers       []string       `json:"train_layers"`
	InitLayers        string         `json:"init_layers,omitempty"` // layers to start from scratch, as in "fc7,fc8"; "none"; "": fc8 where classes differ, and what the file lacks
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
	VerdictDir        string         `json:"-"`                // folder of cached verdicts on images, which runs may share; "": the run directory
}

// ExcludedNames lists excluded images by input.Example.Name.
type ExcludedNames struct {
	Train []string `json:"train"`
	Val   []string `json:"val"`
}

// New returns the defaults of `alexnet train`. Without weights all layers train from scratch.
func New(data, weights string) Config {
	return Config{
		Config: train.Config{Dropout: 0.5, Seed: 1, Keep: 5}.WithDefaults(),
		Data:   data, Weights: weights, TrainLayers: alexnet.DefaultTrainLayers(weights != ""),
		Resize: alexnet.Squash, BadImages: input.Refuse, CacheMemory: 1024,
		Decode: decodeExact, Precision: Float32, Device: tfgraph.AutoDevice, Network: alexnet.Config{}.WithDefaults(),
	}
}

const (
	decodeExact = "exact"
	cacheOff    = "off"
)

// Validate joins all problems that c alone shows.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate(), c.BadImages.Validate(), c.Device.Validate()}
	places := c.absolute()
	for _, path := range []string{places.Data, places.Val, places.Weights, places.Cache} {
		if !utf8.ValidString(path) {
			errs = append(errs, fmt.Errorf("paths: got %q, want UTF-8, which config.json requires: rename the folder or file", path))
		}
	}
	if c.Network.LRN != alexnet.LRNOps && c.Network.LRN != alexnet.LRNKernel {
		errs = append(errs, fmt.Errorf("lrn: got %q, want %s or %s", c.Network.LRN, alexnet.LRNOps, alexnet.LRNKernel))
	}
	if !slices.Contains([]Precision{"", Float32, BFloat16, Auto}, c.Precision) {
		errs = append(errs, fmt.Errorf("precision: got %q, want %s, %s or %s", c.Precision, Auto, Float32, BFloat16))
	}
	if c.Decode != decodeExact && c.Decode != string(alexnet.DecodeFast) {
		errs = append(errs, fmt.Errorf("decode: got %q, want %s or %s", c.Decode, decodeExact, alexnet.DecodeFast))
	}
	if c.Resize != alexnet.Squash && c.Resize != alexnet.Crop {
		errs = append(errs, fmt.Errorf("resize: got %q, want %s or %s", c.Resize, alexnet.Squash, alexnet.Crop))
	}
	if _, err := input.ParseFormats(c.Formats); err != nil {
		errs = append(errs, fmt.Errorf("formats: %w", err))
	}
	return errors.Join(errs...)
}

// Settings are the settings that a run cannot change on resume, as text by flag of `alexnet train`.
func (c Config) Settings() map[string]string {
	text := func(v any) string { return fmt.Sprint(v) }
	c = c.absolute()
	return map[string]string{
		"weights": c.Weights, "batch": text(c.Batch), "lr": text(c.LearningRate), "optimizer": text(c.Optimizer),
		"dropout": text(c.Dropout), "train-layers": strings.Join(c.TrainLayers, ","), "init-layers": c.InitLayers, "seed": text(c.Seed),
		"val": c.Val, "resize": text(c.Resize), "ignore-orientation": text(c.IgnoreOrientation),
		"formats": c.Formats, "max-pixels": text(c.MaxPixels), "widths": text(c.Network.Widths), "size": text(c.Network.Size),
		"lrn": text(c.Network.LRN), "precision": text(cmp.Or(c.Precision, Float32)),
		"augment": text(cmp.Or(c.Augment, train.NoAugment)), "no-shuffle": text(c.NoShuffle), "decode": cmp.Or(c.Decode, decodeExact), "cache-half": text(c.CacheHalf),
		"clip-norm": text(c.ClipNorm),
	}
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

// absolute returns c with absolute paths.
func (c Config) absolute() Config {
	c.Data, c.Weights = absolute(c.Data), absolute(c.Weights)
	if isPath(c.Val) {
		c.Val = absolute(c.Val)
	}
	if c.Cache != cacheOff {
		c.Cache = absolute(c.Cache)
	}
	return c
}

// WithBaseNames returns c without the folders of its paths, which an exported model must not reveal.
func (c Config) WithBaseNames() Config {
	for _, path := range []*string{&c.Data, &c.Val, &c.Weights, &c.Cache} {
		if filepath.IsAbs(*path) {
			*path = filepath.Base(*path)
		}
	}
	return c
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

// Layers parses "fc7,fc8" or "all"; "" gives nil.
func Layers(list string) []string {
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

// layerSelection says which layers to load and which to train.
func (c Config) layerSelection() alexnet.Selection {
	selection := alexnet.Selection{Train: c.TrainLayers}
	if c.InitLayers == "none" {
		selection.Strict = true
	} else {
		selection.Init = Layers(c.InitLayers)
	}
	return selection
}

// dropoutLayers are the layers followed by dropout: those that are trained.
func (c Config) dropoutLayers() []string {
	if c.Dropout == 0 {
		return nil
	}
	return slices.DeleteFunc([]string{"fc6", "fc7"}, func(l string) bool { return !slices.Contains(c.TrainLayers, l) })
}

// preprocessing of the run's images.
func (c Config) preprocessing(classes []string) alexnet.Preprocessing {
	p := alexnet.NewPreprocessing(c.Network.Size, c.Resize, !c.IgnoreOrientation, classes)
	if c.Decode != decodeExact {
		p.Decode = alexnet.DecodeMode(c.Decode)
	}
	return p
}
