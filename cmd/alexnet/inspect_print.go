package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/export"
	"alexnet/finetune"
	"alexnet/internal/display"
)

func (f *inspection) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\t%s\n", f.Path, f.Kind)
	if f.runHistory != nil {
		f.runHistory.print(t)
	}
	if f.SavedModel != nil {
		printSavedModel(t, f.SavedModel)
	}
	if f.Meta != nil {
		printMeta(t, *f.Meta)
	}
	if f.VariablesOf != "" {
		f.printVariables(t)
	}
	return t.Flush()
}

// print shows settings, epochs and checkpoints.
func (h *runHistory) print(w io.Writer) {
	printSettings(w, h.Config)
	if n := len(h.Excluded); n > 0 {
		fmt.Fprintf(w, "excluded\t%d files, see %s\n", n, h.excludedFile)
	}
	if len(h.Metrics) > 1 {
		fmt.Fprintln(w)
		for _, row := range h.Metrics {
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
	}
	if len(h.Checkpoints) == 0 {
		fmt.Fprint(w, "\nno checkpoint yet\n")
		return
	}
	fmt.Fprint(w, "\ncheckpoint\tepoch\tstep\tvalidation\t\n")
	for _, c := range h.Checkpoints {
		fmt.Fprintln(w, c.row())
	}
}

func (c checkpointInfo) row() string {
	epoch, step, measured := fmt.Sprint(c.Epoch), fmt.Sprint(c.Step), "-"
	if c.Foreign {
		epoch, step = "-", "-"
	}
	if m := c.Metrics; m != nil {
		measured = fmt.Sprintf("accuracy %.4f, loss %.4f", m.Accuracy, m.Loss)
	}
	var marks []string
	if c.Newest {
		marks = append(marks, "newest")
	}
	if c.Best {
		marks = append(marks, "best")
	}
	return strings.Join([]string{c.Name, epoch, step, measured, strings.Join(marks, ", ")}, "\t")
}

// printSettings shows a run's most important settings, and those without their default.
func printSettings(w io.Writer, config json.RawMessage) {
	var c finetune.Config
	if len(config) == 0 || json.Unmarshal(config, &c) != nil {
		return
	}
	defaults := finetune.New("", c.Weights)
	defaults.Network.Arch, defaults.Optimizer = c.Network.Arch, c.Optimizer
	defaults = defaults.WithDefaults()
	for _, s := range finetune.Settings {
		if value := s.Get(c); s.Main || value != s.Get(defaults) {
			fmt.Fprintf(w, "%s\t%s\n", s.Name, value)
		}
	}
}

// printSavedModel shows signatures and assets.
func printSavedModel(w io.Writer, m *export.Contents) {
	fmt.Fprintf(w, "tags\t%s\n", strings.Join(m.Tags, ", "))
	if m.TensorFlow != "" {
		fmt.Fprintf(w, "TensorFlow\t%s\n", m.TensorFlow)
	}
	if len(m.Assets) > 0 {
		fmt.Fprintf(w, "assets\t%s\n", strings.Join(m.Assets, ", "))
	}
	if m.Card != nil {
		fmt.Fprintf(w, "fingerprint\t%s\n", m.Card.Fingerprint)
		fmt.Fprintf(w, "written by\talexnet %s\n", m.Card.Versions.Alexnet)
	}
	fmt.Fprintf(w, "size\t%s\n", display.Bytes(m.Bytes))
	printOps(w, m)
	fmt.Fprint(w, "\nsignature\tinputs\toutputs\n")
	for _, s := range m.Signatures {
		for i := range max(len(s.Inputs), len(s.Outputs)) {
			fmt.Fprintf(w, "%s\t%s\t%s\n", cell([]string{s.Name}, i), cell(s.Inputs, i), cell(s.Outputs, i))
		}
	}
}

// printOps shows the most frequent operations of the graph.
func printOps(w io.Writer, m *export.Contents) {
	all := 0
	var most []string
	for _, o := range m.Ops {
		all += o.Count
		most = append(most, fmt.Sprintf("%d %s", o.Count, o.Op))
	}
	if len(most) > 8 {
		most = append(most[:8], "…")
	}
	fmt.Fprintf(w, "operations\t%d of %d kinds, %d functions: %s\n", all, len(m.Ops), m.Functions, strings.Join(most, ", "))
}

// cell is the i-th cell of a column, "" below its end.
func cell[T any](column []T, i int) string {
	if i >= len(column) {
		return ""
	}
	return fmt.Sprint(column[i])
}

// printMeta shows a checkpoint's description.
func printMeta(w io.Writer, m checkpoint.Meta) {
	fmt.Fprintf(w, "\ncheckpoint\t%s, epoch %d, step %d, saved %s\n", m.Name, m.Epoch, m.Step, m.Saved.Format("2006-01-02 15:04:05"))
	if v := m.Metrics; v != nil {
		fmt.Fprintf(w, "validation\taccuracy %.4f, loss %.4f, %d images\n", v.Accuracy, v.Loss, v.Count)
	}
	if m.Skipped > 0 {
		fmt.Fprintf(w, "non-finite\t%d steps skipped\n", m.Skipped)
	}
	if m.Lowered > 0 {
		fmt.Fprintf(w, "non-finite\tlearning rate divided by 10, %d times\n", m.Lowered)
	}
	d, err := alexnet.ParseDescription(m.Model)
	if err != nil {
		return // inspectBundle reports it
	}
	c := d.Preprocessing
	orientation := "as stored"
	if c.Orientation {
		orientation = "EXIF orientation applied"
	}
	fmt.Fprintf(w, "preprocessing\t%s, %s to %dx%d, %s\n", orientation, c.Resize, c.Size, c.Size, c.Normalization())
	fmt.Fprintf(w, "classes\t%s\n", strings.Join(c.Classes, ", "))
}

func (f *inspection) printVariables(w io.Writer) {
	fmt.Fprintf(w, "\nvariables of %s\n", f.VariablesOf)
	fmt.Fprint(w, "name\tshape\tdtype\tparameters\tmin\tmean\tmax\t\n")
	for _, v := range f.Variables {
		fmt.Fprintf(w, "%s\t%v\t%s\t%d\t%s\n", v.Name, v.Shape, v.DType, v.Parameters, v.valueStats)
	}
	fmt.Fprintf(w, "all\t\t\t%d\t%s\n", f.Parameters, display.Bytes(f.Bytes))
	if f.weightsFile != nil {
		f.weightsFile.print(w)
		for _, v := range f.Variables {
			if v.Tensor != v.Name || !slices.EqualFunc(v.Stored, v.Shape, func(a int, b int64) bool { return int64(a) == b }) {
				fmt.Fprintf(w, "%s\t%v of %s\n", v.Name, v.Stored, v.Tensor)
			}
		}
	}
}

// print shows what train would make of a weights file.
func (f *weightsFile) print(w io.Writer) {
	architecture := "fits none: the layers of another network"
	if len(f.Fits) > 0 {
		architecture = strings.Join(f.Fits, " or ")
	}
	fmt.Fprintf(w, "\narchitecture\t%s\n", architecture)
	if f.Missing != nil {
		fmt.Fprintf(w, "missing\t%s\n", strings.Join(f.Missing, ", "))
	}
	fmt.Fprintf(w, "channels\t%s\n", cmp.Or(f.Channels, "the architecture's"))
	for _, name := range f.Skipped {
		fmt.Fprintf(w, "not a layer\t%s\n", name)
	}
}

// String returns tab-separated cells.
func (r *valueStats) String() string {
	if r == nil {
		return "-\t-\t-\t"
	}
	s := fmt.Sprintf("%.4g\t%.4g\t%.4g\t", r.Min, r.Mean, r.Max)
	if r.NonFinite > 0 {
		s += fmt.Sprintf("%d non-finite", r.NonFinite)
	}
	return s
}
