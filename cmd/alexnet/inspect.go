package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/export"
	"alexnet/input"
	"alexnet/internal/bundle"
	"alexnet/internal/hint"
	"alexnet/internal/regular"
	"alexnet/internal/rundir"
	"alexnet/internal/weights"
	"alexnet/train"
)

func newInspect(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Show the contents of a run, a checkpoint, a SavedModel or a weights file",
		Long: "Show the contents of PATH: a run directory; a checkpoint, named by its prefix or any of its files, also\n" +
			"one written by another TensorFlow program; a SavedModel; or a weights file in any format that train takes.\n\n" +
			"For a weights file it shows which tensor becomes which layer, the architecture that it fits and what is missing.\n" +
			"For a run it shows the settings, epochs and checkpoints, and the variables of the best checkpoint.",
		Example: "  alexnet inspect runs/1\n  alexnet inspect bvlc_alexnet.npy\n  alexnet inspect runs/1/checkpoints/model_epoch3.ckpt --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			found, err := inspect(args[0])
			if found == nil {
				return err
			}
			return errors.Join(a.print(asJSON, found, found.print), err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// inspection is the contents of a path.
type inspection struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // for people
	*runHistory
	VariablesOf string           `json:"variables_of,omitempty"` // the checkpoint's prefix or the file
	Meta        *checkpoint.Meta `json:"checkpoint,omitempty"`   // its description
	Variables   []variable       `json:"variables"`
	Parameters  int64            `json:"parameters"`
	Bytes       int64            `json:"bytes"`
	*weightsFile

	SavedModel *export.Contents `json:"saved_model,omitempty"`
}

// inspect detects the kind of path by its content. If part of it is damaged, it returns both the readable
// rest and the error.
func inspect(path string) (*inspection, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return inspectFolder(path)
	}
	if prefix, ok := bundle.FindPrefix(path); ok {
		return inspectBundle(&inspection{Path: path, Kind: "checkpoint"}, prefix)
	}
	if err != nil {
		return nil, hint.With(fmt.Errorf("inspect %q: %w", path, regular.Reason(err)), "expected a run directory, a checkpoint or a weights file")
	}
	return inspectWeights(path)
}

func inspectFolder(path string) (*inspection, error) {
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(path, name))
		return err == nil
	}
	switch {
	case exists(filepath.Base(rundir.Dir(path).Config())) || exists(filepath.Base(rundir.Dir(path).Checkpoints())):
		return inspectRun(&inspection{Path: path, Kind: "run"}, train.Checkpoints(path))
	case exists("saved_model.pb"):
		return inspectSavedModel(path)
	case len(bundles(path)) > 0:
		return inspectRun(&inspection{Path: path, Kind: "folder of checkpoints"}, checkpoint.Dir(path))
	}
	return inspectWeights(path)
}

// bundles are the names of all checkpoints in a folder, whichever program wrote them.
func bundles(dir string) []string {
	names, _ := fs.Glob(os.DirFS(dir), "*.index") // the pattern is well formed
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".index")
	}
	return names
}

// inspectRun shows the history and then the variables of the best checkpoint, or of the newest if another
// program wrote them.
func inspectRun(found *inspection, dir checkpoint.Dir) (*inspection, error) {
	var err error
	if found.runHistory, err = readHistory(found.Path, dir); err != nil {
		return nil, err
	}
	prefix := found.runHistory.shownCheckpoint(dir)
	if prefix == "" {
		found.Variables = []variable{}
		return found, nil
	}
	return inspectBundle(found, prefix)
}

// inspectSavedModel shows signatures, card and variables; a frozen graph has no variables.
func inspectSavedModel(dir string) (*inspection, error) {
	found := &inspection{Path: dir, Kind: "SavedModel", Variables: []variable{}}
	var damage error
	found.SavedModel, damage = export.Inspect(dir)
	if found.SavedModel == nil {
		return nil, damage
	}
	if card := found.SavedModel.Card; card != nil {
		found.Meta = &card.Checkpoint
	}
	prefix := export.Prefix(dir)
	if _, err := os.Stat(prefix + ".index"); errors.Is(err, fs.ErrNotExist) && found.Meta == nil {
		return found, damage
	}
	_, err := inspectBundle(found, prefix)
	return found, errors.Join(damage, err)
}

func inspectBundle(found *inspection, prefix string) (*inspection, error) {
	found.VariablesOf = prefix
	found.Variables = []variable{}
	var problems []error
	if _, err := os.Stat(prefix + ".json"); err == nil {
		meta, err := checkpoint.ReadMeta(prefix)
		if err == nil {
			found.Meta = &meta
			_, err = alexnet.ParseDescription(meta.Model)
		}
		problems = append(problems, err)
	}
	r, err := bundle.Open(prefix)
	if err != nil {
		return found, errors.Join(append(problems, err)...)
	}
	defer r.Close()
	for _, v := range r.Variables() {
		row := variable{Name: v.Name, DType: bundle.TypeName(v.DType), Shape: v.Shape, bytes: v.Bytes}
		switch values, err := r.Float32s(v.Name); {
		case err == nil:
			row.valueStats = computeStats(values)
		case !errors.Is(err, errors.ErrUnsupported):
			problems = append(problems, err)
		}
		found.add(row)
	}
	return found, errors.Join(problems...)
}

func inspectWeights(path string) (*inspection, error) {
	w, err := weights.Open(path)
	if err != nil {
		return nil, hint.With(err, cmp.Or(hint.Of(err), "expected a run directory, a checkpoint or a weights file"))
	}
	found := &inspection{Path: path, Kind: "weights, " + w.Format, VariablesOf: path, weightsFile: describeWeights(w), Variables: []variable{}}
	for _, l := range w.Layers {
		found.addArray(l.Name+"/weights", l.Weights)
		found.addArray(l.Name+"/biases", l.Biases)
	}
	return found, nil
}

// weightsFile says what a weights file means to train.
type weightsFile struct {
	Fits     []string `json:"fits"`               // architectures, the first of which train chooses
	Missing  []string `json:"missing,omitempty"`  // layers of that architecture
	Channels string   `json:"channels,omitempty"` // order that the first convolution reads; "": the architecture's
	Skipped  []string `json:"skipped,omitempty"`  // entries that belong to no layer
}

func describeWeights(w *weights.File) *weightsFile {
	d := &weightsFile{Fits: alexnet.Fitting(w), Channels: string(w.Channels), Skipped: w.Other}
	if d.Fits == nil {
		d.Fits = []string{}
		return d
	}
	for _, l := range (alexnet.Config{Arch: d.Fits[0]}).Architecture().LayerNames() {
		if _, _, ok := w.Lookup(l); !ok {
			d.Missing = append(d.Missing, l)
		}
	}
	return d
}

// addArray adds an array of a weights file; nil is skipped.
func (f *inspection) addArray(name string, a *weights.Array) {
	if a == nil {
		return
	}
	row := variable{Name: name, DType: a.Dtype, Tensor: a.Tensor, Stored: a.Stored, valueStats: computeStats(a.Data), bytes: 4 * int64(len(a.Data))}
	for _, d := range a.Shape {
		row.Shape = append(row.Shape, int64(d))
	}
	f.add(row)
}

func (f *inspection) add(v variable) {
	v.Parameters = 1
	for _, d := range v.Shape {
		v.Parameters *= d
	}
	if v.Shape == nil {
		v.Shape = []int64{}
	}
	f.Variables = append(f.Variables, v)
	f.Parameters += v.Parameters
	f.Bytes += v.bytes
}

// variable describes one variable.
type variable struct {
	Name        string  `json:"name"`
	DType       string  `json:"dtype"` // as in the file
	Shape       []int64 `json:"shape"`
	Parameters  int64   `json:"parameters"`       // elements
	Tensor      string  `json:"tensor,omitempty"` // its name in a weights file
	Stored      []int   `json:"stored,omitempty"` // its shape in a weights file
	*valueStats         // nil if the values are not float32
	bytes       int64
}

// valueStats summarizes finite values; non-finite ones are only counted.
type valueStats struct {
	Min       float64 `json:"min"`
	Mean      float64 `json:"mean"`
	Max       float64 `json:"max"`
	NonFinite int     `json:"non_finite"`
}

// computeStats accumulates in float64: float32 cannot hold the sum of millions of values. It returns nil for no values.
func computeStats(values []float32) *valueStats {
	if len(values) == 0 {
		return nil
	}
	r := valueStats{Min: math.Inf(1), Max: math.Inf(-1)}
	sum, count := 0.0, 0
	for _, v := range values {
		x := float64(v)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			r.NonFinite++
			continue
		}
		r.Min, r.Max = min(r.Min, x), max(r.Max, x)
		sum += x
		count++
	}
	if count == 0 {
		return &valueStats{NonFinite: r.NonFinite}
	}
	r.Mean = sum / float64(count)
	return &r
}

// runHistory describes a run directory or a folder of checkpoints, apart from the variables.
type runHistory struct {
	Config      json.RawMessage  `json:"config,omitempty"` // config.json
	Metrics     [][]string       `json:"metrics,omitempty"`
	Checkpoints []checkpointInfo `json:"checkpoints"`
	Excluded    []input.Excluded `json:"excluded,omitempty"`

	excludedFile string
}

// checkpointInfo describes one checkpoint of a folder.
type checkpointInfo struct {
	Name    string              `json:"name"`
	Epoch   int                 `json:"epoch"`
	Step    int64               `json:"step"`
	Saved   time.Time           `json:"saved,omitzero"`
	Metrics *checkpoint.Metrics `json:"metrics,omitempty"`
	Newest  bool                `json:"newest"`
	Best    bool                `json:"best"`
	Foreign bool                `json:"foreign,omitempty"` // written by another program
}

func readHistory(path string, dir checkpoint.Dir) (*runHistory, error) {
	h := &runHistory{Checkpoints: []checkpointInfo{}}
	text, err := rundir.Dir(path).ReadConfig()
	if err == nil && !json.Valid(text) {
		err = fmt.Errorf("read %q: corrupt: want JSON", rundir.Dir(path).Config())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	h.Config = text
	if h.Metrics, err = rundir.Dir(path).MetricsRows(); err != nil {
		return nil, err
	}
	h.excludedFile = rundir.Dir(path).Excluded()
	if h.Excluded, err = rundir.Dir(path).ReadExcluded(); err != nil {
		return nil, err
	}
	return h, h.list(dir)
}

// list finds our own checkpoints, or any bundles if there are none.
func (h *runHistory) list(dir checkpoint.Dir) error {
	all, err := dir.List()
	if err != nil {
		return err
	}
	best, _ := checkpoint.Best(all)
	for i, m := range all {
		h.Checkpoints = append(h.Checkpoints, checkpointInfo{Name: m.Name, Epoch: m.Epoch, Step: m.Step, Saved: m.Saved, Metrics: m.Metrics,
			Newest: i == len(all)-1, Best: m.Name == best.Name})
	}
	if len(all) > 0 {
		return nil
	}
	newest := dir.Latest()
	for _, name := range bundles(string(dir)) {
		h.Checkpoints = append(h.Checkpoints, checkpointInfo{Name: name, Newest: name == newest, Foreign: true})
	}
	return nil
}

// shownCheckpoint is the prefix of the checkpoint whose variables are shown: the best, else the newest, else
// the first by name.
func (h *runHistory) shownCheckpoint(dir checkpoint.Dir) string {
	chosen := ""
	for _, c := range h.Checkpoints {
		if c.Best {
			return filepath.Join(string(dir), c.Name)
		}
		if c.Newest || chosen == "" {
			chosen = c.Name
		}
	}
	if chosen == "" {
		return ""
	}
	return filepath.Join(string(dir), chosen)
}
