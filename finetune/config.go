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

// Config are all that a run is made from; config.json in the run directory holds
// them. [New] fills in what has a default.
type Config struct {
	train.Config
	Data              string         `json:"data"`             // folder or list, as for input.Open; paths are kept absolute
	Fingerprint       string         `json:"data_fingerprint"` // of the pictures that were found; set by Run
	TrainCount        int            `json:"pictures_used"`    // for training; others could not be decoded; set by Run
	Excluded          *ExcludedNames `json:"left_out"`         // those others, which a resumed run leaves out too; set by Run
	Val               string         `json:"val,omitempty"`    // folder, list or fraction; none: Data's own val or test
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
	CacheHalf         bool           `json:"cache_half,omitempty"` // keep it in float16
	Decode            string         `json:"decode,omitempty"`     // exact or fast
	Precision         Precision      `json:"precision,omitempty"`
	Device            tfgraph.Device `json:"device,omitempty"` // a GPU that is not there: the CPU
	Network           alexnet.Config `json:"network"`          // Classes and BFloat16 are set by Run
	VerdictDir        string         `json:"-"`                // folder, which runs may share, of what scan finds; "": the run directory
}

// Pictures are some of a run's, by input.Example's Name.
type ExcludedNames struct {
	Train []string `json:"train"`
	Val   []string `json:"val"`
}

// New is the Config of a run on data with the defaults of `alexnet train`.
// Without weights all layers train from scratch.
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

// Validate joins everything that is wrong with c, as far as c alone tells.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate(), c.BadImages.Validate(), c.Device.Validate()}
	places := c.absolute()
	for _, path := range []string{places.Data, places.Val, places.Weights, places.Cache} {
		if !utf8.ValidString(path) {
			errs = append(errs, fmt.Errorf("paths: got %q, want UTF-8, as config.json has to hold it: rename the folder or file", path))
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

// Settings gives what a run cannot change once it has begun, as text under the
// name of the flag of `alexnet train`.
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

// Moved is c with its pictures where they are now: Data, and Val where both the
// old and the new one are paths. What is "" stays.
func (c Config) WithPaths(data, val string) Config {
	c.Data = cmp.Or(data, c.Data)
	if isPath(c.Val) && isPath(val) {
		c.Val = val
	}
	return c
}

// absolute is c with paths that hold in any working folder.
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

// WithoutFolders is c with its files and folders by their names alone: where they lie
// is nobody's business where a model goes.
func (c Config) WithBaseNames() Config {
	for _, path := range []*string{&c.Data, &c.Val, &c.Weights, &c.Cache} {
		if filepath.IsAbs(*path) {
			*path = filepath.Base(*path)
		}
	}
	return c
}

// isPath tells whether a Val names a folder or list.
func isPath(val string) bool {
	_, fraction := input.Options{Val: val}.Fraction()
	return val != "" && !fraction
}

// absolute leaves no path as it is.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil && path != "" {
		return abs
	}
	return path
}

// Layers reads "fc7,fc8" or "all"; nothing is nil.
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

// choice is what the layer settings ask of a plan.
func (c Config) layerSelection() alexnet.Selection {
	choice := alexnet.Selection{Train: c.TrainLayers}
	if c.InitLayers == "none" {
		choice.Strict = true
	} else {
		choice.Init = Layers(c.InitLayers)
	}
	return choice
}

// dropped are the layers that dropout follows: a frozen layer's output is not
// dropped.
func (c Config) dropoutLayers() []string {
	if c.Dropout == 0 {
		return nil
	}
	return slices.DeleteFunc([]string{"fc6", "fc7"}, func(l string) bool { return !slices.Contains(c.TrainLayers, l) })
}

// contract is what a picture has to be to enter the run's network.
func (c Config) preprocessing(classes []string) alexnet.Preprocessing {
	contract := alexnet.NewPreprocessing(c.Network.Size, c.Resize, !c.IgnoreOrientation, classes)
	if c.Decode != decodeExact {
		contract.Decode = alexnet.DecodeMode(c.Decode)
	}
	return contract
}
