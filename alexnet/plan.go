package alexnet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"alexnet/internal/hint"
	"alexnet/internal/weights"
)

// Plan says for each layer where its initial values come from and whether it is trained.
type Plan []LayerPlan

// LayerPlan is one row of a Plan.
type LayerPlan struct {
	Layer
	Trainable bool
	file      *fileValues // nil: from scratch
}

type fileValues struct {
	path            string
	weights, biases *weights.Array
}

// Source describes where the layer's initial values come from.
func (l LayerPlan) Source() string {
	if l.file == nil {
		return "scratch (Glorot normal, biases 0)"
	}
	return l.file.path
}

// Selection is the user's choice of layers.
type Selection struct {
	Train []string // trainable layers
	Init  []string // layers to initialize from scratch even if the file has them; nil: see NewPlan
	// Strict loads every layer that Init does not name and rejects a file that lacks one.
	Strict bool
}

// NewPlan compares the network with the weights file, which may be nil. By default the classifier is initialized from
// scratch if the file's has another number of classes, and so is every layer that the file lacks; any other difference
// of shape, and a frozen layer without weights from the file, is an error. It brings the first convolution of the file to
// the architecture's order of channels.
func NewPlan(config Config, file *weights.File, selection Selection) (Plan, error) {
	a := config.Architecture()
	p := &planner{names: a.LayerNames(), classifier: a.classifier(), file: file, selection: selection}
	if file != nil {
		if other := otherNetwork(file); other != "" {
			return nil, hint.With(fmt.Errorf("plan layers: got weights of another network in %q, with %s; want those of an AlexNet", file.Path, other),
				"alexnet weights list names files with weights of AlexNet")
		}
		file.ReorderChannels(a.FirstConv(), weights.Channels(a.preprocessing.Channels))
	}
	p.checkNames("train", selection.Train)
	p.checkNames("init", selection.Init)
	var plan Plan
	for _, l := range config.Layers() {
		plan = append(plan, p.layer(l))
	}
	if len(p.selection.Train) == 0 {
		p.problem("got no trainable layer, want at least one")
	}
	if p.problems != nil {
		return nil, hint.With(fmt.Errorf("plan layers: %s", strings.Join(p.problems, "; ")), p.firstHint)
	}
	return plan, nil
}

type planner struct {
	names      []string // of the layers with weights
	classifier string

	file      *weights.File
	selection Selection
	problems  []string
	firstHint string
}

func (p *planner) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

func (p *planner) hint(format string, args ...any) {
	if p.firstHint == "" {
		p.firstHint = fmt.Sprintf(format, args...)
	}
}

func (p *planner) checkNames(what string, layers []string) {
	for _, l := range layers {
		if !slices.Contains(p.names, l) {
			p.problem("%s layer %q: want one of %s", what, l, strings.Join(p.names, ", "))
		}
	}
}

func (p *planner) layer(l Layer) LayerPlan {
	row := LayerPlan{Layer: l, Trainable: slices.Contains(p.selection.Train, l.Name)}
	if p.file != nil && !slices.Contains(p.selection.Init, l.Name) {
		row.file = p.load(l)
	}
	if row.file == nil && !row.Trainable && !p.hasProblem(l.Name) {
		switch {
		case p.file == nil:
			p.problem("layer %s is frozen and has no weights: no weights file was given", l.Name)
			p.hint("give --weights, or train all layers")
		default:
			p.problem("layer %s is frozen and not loaded from the weights file: it would keep random weights", l.Name)
			p.hint("add it to --train-layers, or use a weights file that has it")
		}
	}
	return row
}

// hasProblem reports whether a problem of the layer is already listed.
func (p *planner) hasProblem(layer string) bool {
	return slices.ContainsFunc(p.problems, func(s string) bool { return strings.HasPrefix(s, "layer "+layer+" ") })
}

// load takes the layer from the file; nil means from scratch.
func (p *planner) load(l Layer) *fileValues {
	weights, biases, ok := p.file.Lookup(l.Name)
	if !ok {
		if p.selection.Strict || p.selection.Init != nil {
			p.problem("layer %s is not in %q", l.Name, p.file.Path)
			p.hint("name it in --init-layers to initialize it from scratch")
		}
		return nil
	}
	if weights == nil || biases == nil {
		p.problem("layer %s of %q: got only one of weights and biases", l.Name, p.file.Path)
		return nil
	}
	fits := errors.Join(checkShape("weights", weights.Shape, l.Weights), checkShape("biases", biases.Shape, l.Biases))
	if fits == nil {
		err := errors.Join(checkFinite("weights", weights.Data), checkFinite("biases", biases.Data))
		if err != nil {
			p.problem("layer %s of %q: %s", l.Name, p.file.Path, strings.ReplaceAll(err.Error(), "\n", ", "))
			p.hint("use an undamaged weights file, or name the layer in --init-layers to initialize it from scratch")
			return nil
		}
		return &fileValues{p.file.Path, weights, biases}
	}
	if l.Name == p.classifier && !p.selection.Strict && p.selection.Init == nil && onlyClassesDiffer(weights.Shape, l.Weights) {
		return nil
	}
	p.problem("layer %s of %q: %s", l.Name, p.file.Path, strings.ReplaceAll(fits.Error(), "\n", ", "))
	p.hint("name it in --init-layers to initialize it from scratch")
	return nil
}

func checkShape(what string, got []int, want []int64) error {
	same := len(got) == len(want)
	for i := 0; same && i < len(got); i++ {
		same = int64(got[i]) == want[i]
	}
	if same {
		return nil
	}
	return fmt.Errorf("%s: got shape %v, want %v", what, got, want)
}

// checkFinite rejects values that would make the loss of the first step non-finite.
func checkFinite(what string, values []float32) error {
	count := 0
	for _, v := range values {
		if v-v != 0 { // NaN or Inf
			count++
		}
	}
	if count == 0 {
		return nil
	}
	return fmt.Errorf("%s: got %d non-finite values of %d, want none", what, count, len(values))
}

// onlyClassesDiffer reports whether two classifier shapes differ in the last dimension alone.
func onlyClassesDiffer(got []int, want []int64) bool {
	return len(got) == 2 && int64(got[0]) == want[0] && int64(got[1]) != want[1]
}
