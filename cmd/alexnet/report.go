package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"alexnet/classify"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/atomicfile"
	"alexnet/internal/display"
	"alexnet/internal/hint"
	"alexnet/internal/regular"
	"alexnet/internal/rundir"
	"alexnet/report"
	"alexnet/tfgraph"
	"alexnet/train"
)

// reportFlags are the flags of report.
type reportFlags struct {
	out, checkpoint string
	gallery, batch  int
	open, json      bool
	finetune.Config // of which only Device is a flag
}

func newReport(a *app) *cobra.Command {
	f := new(reportFlags)
	cmd := &cobra.Command{
		Use:   "report RUN [DATA]",
		Short: "Write an HTML report of a run: curves, confusion matrix, errors, Grad-CAM",
		Long: "Write a self-contained HTML report of a run: training curves, confusion matrix, precision and recall, ROC,\n" +
			"calibration, top errors and lowest margins, Grad-CAM, the filters of the first layer, dataset and settings.\n\n" +
			"The images are the run's validation split. DATA is their new location or another dataset, of which test\n" +
			"or else val is evaluated. If the run's images are gone, the report omits them.",
		Example: "  alexnet report runs/1\n  alexnet report runs/1 photos/test --out test.html\n  alexnet report runs/1 --checkpoint model_epoch3.ckpt --open",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.gallery < 0 || f.batch < 1 {
				return usageError{fmt.Errorf("--gallery and --batch: got %d and %d, want at least 0 and 1", f.gallery, f.batch)}
			}
			return a.report(cmd.Context(), f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "output file (default RUN/report.html)")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "checkpoint of the run, by name or path (default the best)")
	flags.IntVar(&f.gallery, "gallery", 12, "number of images in each gallery")
	flags.IntVar(&f.batch, "batch", 64, "batch size")
	flags.BoolVar(&f.open, "open", false, "open the report in a browser")
	f.Config = finetune.New("", "")
	registerSettings(flags, &f.Config, "device")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func (a *app) report(ctx context.Context, f *reportFlags, args []string) error {
	dir := args[0]
	config, err := finetune.ReadConfig(dir)
	if err != nil {
		return hint.With(err, "expected a run directory, as written by alexnet train --out")
	}
	path := cmp.Or(f.out, rundir.Dir(dir).Report())
	if err := checkReplaceable(path); err != nil {
		return err
	}
	model, err := a.openModel(ctx, checkpointPath(dir, f.checkpoint), f.Device, classify.Options{})
	if err != nil {
		return err
	}
	defer model.Close()
	opt := report.Options{Gallery: f.gallery, Batch: f.batch, Limits: input.Limits{MaxPixels: config.MaxPixels}, Versions: versionRows()}
	var data *input.Dataset
	if len(args) == 2 {
		data, err = namedData(config, model.Classes(), args[1])
	} else {
		data, opt.Notes = a.validationData(config, model.Classes())
	}
	if err != nil {
		return err
	}
	out, err := rundir.Dir(dir).ReadExcluded()
	if err != nil {
		return err
	}
	if len(out) > 0 {
		opt.Notes = append(opt.Notes, fmt.Sprintf("The run excluded %d files of its dataset: %s lists them with the reasons.", len(out), rundir.Dir(dir).Excluded()))
	}
	warnings, err := rundir.Dir(dir).ReadWarnings()
	if err != nil {
		return err
	}
	if len(warnings) > 0 {
		opt.Notes = append(opt.Notes, fmt.Sprintf("%d images decode with warnings and may be incomplete: %s lists them.", len(warnings), rundir.Dir(dir).Warnings()))
	}
	page, err := report.Make(ctx, dir, model, data, opt)
	if err != nil {
		return err
	}
	a.warnIncomplete()
	for _, note := range page.Notes {
		a.log.Warn(note)
	}
	return a.writePage(ctx, page, f, path)
}

// checkpointPath is the path of the chosen checkpoint of the run.
func checkpointPath(dir, name string) string {
	if name == "" {
		return dir
	}
	if own := filepath.Join(string(train.Checkpoints(dir)), name); name == filepath.Base(name) {
		return own
	}
	return name
}

// validationData is the run's validation split, or notes that say why it is missing.
func (a *app) validationData(config finetune.Config, classes []string) (data *input.Dataset, notes []string) {
	if config.Data == "" {
		return nil, []string{"The model was imported and has no dataset, so nothing was evaluated. Evaluate images with alexnet report RUN DATA."}
	}
	config.UserCacheDir = userCacheDir()
	data, err := config.OpenData()
	switch {
	case err != nil:
		return nil, []string{fmt.Sprintf("The run's images cannot be read, so nothing was evaluated: %v. Pass their new location with alexnet report RUN DATA.", err)}
	case !slices.Equal(data.Classes, classes):
		return nil, []string{fmt.Sprintf("The classes of %q differ from the model's, so nothing was evaluated.", config.Data)}
	case len(data.Val) == 0:
		notes = append(notes, "The run has no validation split, so nothing was evaluated. Evaluate other images with alexnet report RUN DATA.")
	case !config.SameDataset(data):
		notes = append(notes, "The dataset differs from the run's: images were added, removed or changed.")
	}
	return data, notes
}

// namedData is the dataset at path: the run's own at a new location, or another.
func namedData(config finetune.Config, classes []string, path string) (*input.Dataset, error) {
	moved := config
	moved.Data, moved.UserCacheDir = path, userCacheDir()
	if data, err := moved.OpenData(); err == nil && len(data.Val) > 0 && config.SameDataset(data) {
		return data, nil
	}
	opt, err := imageOptions(config)
	if err != nil {
		return nil, err
	}
	opt.Classes = classes
	return input.OpenEval(path, opt)
}

func versionRows() []report.Row {
	return []report.Row{
		{Name: "alexnet", Value: ownVersion()},
		{Name: "TensorFlow", Value: tfgraph.Version()},
		{Name: "kernels", Value: tfgraph.Kernels()},
		{Name: "Go", Value: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH},
	}
}

// reportSummary is the output of report --json; what was not evaluated is null.
type reportSummary struct {
	Path             string   `json:"path"`
	Bytes            int      `json:"bytes"`
	Checkpoint       string   `json:"checkpoint"`
	Count            int      `json:"count"`
	Accuracy         *float64 `json:"accuracy"`
	Loss             *float64 `json:"loss"`
	AveragePrecision *float64 `json:"average_precision"`
	AUC              *float64 `json:"auc"`
	ECE              *float64 `json:"ece"`
	Brier            *float64 `json:"brier"`
}

func (a *app) writePage(ctx context.Context, page *report.Page, f *reportFlags, path string) error {
	text, err := page.HTML()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path, text); err != nil {
		return err
	}
	if f.json {
		err = json.NewEncoder(a.stdout).Encode(summarize(page, path, len(text)))
	} else {
		_, err = fmt.Fprintf(a.stdout, "%s: %s%s\n", path, display.Bytes(int64(len(text))), accuracyText(page))
	}
	if f.open && err == nil {
		err = openPage(ctx, path)
	}
	return err
}

// checkReplaceable refuses to overwrite a file that is not a report.
func checkReplaceable(path string) error {
	const limit = 4 << 10
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var head []byte
	if err == nil && info.Mode().IsRegular() {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			defer f.Close()
			head, err = io.ReadAll(io.LimitReader(f, limit))
		}
	}
	if err == nil && !bytes.Contains(head, []byte(" · alexnet report</title>")) {
		err = errors.New("file exists and is not an alexnet report")
	}
	if err != nil {
		return hint.With(fmt.Errorf("write report %q: %w", path, regular.Reason(err)), "choose another --out, or remove that file")
	}
	return nil
}

func accuracyText(page *report.Page) string {
	if page.Measured == nil {
		return ""
	}
	s := page.Measured.Scores
	return fmt.Sprintf(", accuracy %.4f on %d images", s.Accuracy, s.Count)
}

func summarize(page *report.Page, path string, bytes int) reportSummary {
	w := reportSummary{Path: path, Bytes: bytes, Checkpoint: page.Meta.Name}
	if m := page.Measured; m != nil {
		w.Count = m.Scores.Count
		w.Accuracy, w.Loss = nullIfNaN(m.Scores.Accuracy), nullIfNaN(m.Scores.Loss)
		w.AveragePrecision, w.AUC, w.ECE, w.Brier = nullIfNaN(m.Average), nullIfNaN(m.AUC), nullIfNaN(m.Calibration.ECE), nullIfNaN(m.Calibration.Brier)
	}
	return w
}

func nullIfNaN(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// openPage opens the report in the system's browser.
func openPage(ctx context.Context, path string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	cmd := exec.CommandContext(ctx, opener, path)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return hint.With(fmt.Errorf("open report %q: %w", path, err), "the file is written: open it in a browser yourself")
	}
	return nil
}
