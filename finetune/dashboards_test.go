package finetune_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"alexnet/alexnet"
	"alexnet/finetune"
	"alexnet/internal/browser"
)

// RunsVar names a folder of runs to show instead of the small ones that the test trains.
const RunsVar = "ALEXNET_RUNS"

// trainRuns returns a folder of runs with different learning rates.
func trainRuns(t *testing.T) (dir string) {
	t.Helper()
	if dir := os.Getenv(RunsVar); dir != "" {
		return dir
	}
	dir = t.TempDir()
	c := tiny(photos(t, 12))
	for _, c.LearningRate = range []float64{1e-3, 2e-3} {
		run(t, filepath.Join(dir, fmt.Sprint(c.LearningRate)), c)
	}
	return dir
}

// expected is what the dashboards must show for the runs in dir.
func expected(t *testing.T, dir string) map[string]any {
	t.Helper()
	runs, err := filepath.Glob(filepath.Join(dir, "*", "events"))
	if err != nil || len(runs) < 2 {
		t.Fatalf("got runs %q, %v, want at least two", runs, err)
	}
	var names, cells, curves, histograms []string
	for _, run := range runs {
		name, _ := filepath.Rel(dir, run)
		c, err := finetune.ReadConfig(filepath.Dir(run))
		if err != nil {
			t.Fatal(err)
		}
		m := newest(t, filepath.Dir(run))
		names = append(names, name)
		cells = append(cells, name, short(c.LearningRate), short(m.Metrics.Accuracy))
	}
	m := newest(t, filepath.Dir(runs[0]))
	description, err := alexnet.ParseDescription(m.Model)
	if err != nil {
		t.Fatal(err)
	}
	c, err := finetune.ReadConfig(filepath.Dir(runs[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range description.Preprocessing.Classes {
		curves = append(curves, "precision_recall/"+class)
	}
	for _, layer := range alexnet.BVLC.LayerNames() {
		histograms = append(histograms, layer+"/weights", layer+"/biases/gradient")
	}
	return map[string]any{
		"runs": names, "epochs": c.Epochs, "step": fmt.Sprint("step ", m.Step), "curves": curves, "histograms": histograms,
		"scalars":   []string{"cross_entropy", "accuracy", "learning_rate", "images_per_second", "validation/cross_entropy", "validation/accuracy"},
		"nodes":     strings.Fields("images conv1 norm1 pool1 conv2 norm2 pool2 conv3 conv4 conv5 pool5 fc6 fc7 fc8 cross_entropy loss gradients update"),
		"trace":     fmt.Sprintf("step %d, forward", m.Step),
		"images":    []string{"inputs", "conv1/filters"},
		"cells":     append(cells, "batch", "lr", "optimizer", "validation/accuracy"),
		"projector": []string{"fc7", fmt.Sprintf("%dx%d", m.Metrics.Count, description.Network.Widths[6]), "image class predicted correct", "Points: " + fmt.Sprint(m.Metrics.Count)},
		"texts":     []string{"run/settings", "run/layers", "run/validation"},
		"rows":      []string{"batch " + fmt.Sprint(c.Batch), "optimizer " + string(c.Optimizer), "true \\ predicted " + strings.Join(description.Preprocessing.Classes, " ")},
	}
}

// short formats a number as TensorBoard's table of runs does.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }

// TensorBoard in a browser shows all data of two runs.
func TestDashboards(t *testing.T) {
	tab := browser.Open(t, 8*time.Minute)
	dir := trainRuns(t)
	want := expected(t, dir)
	address := startTensorBoard(t, dir)
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1100, 800)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"scalars", "graphs", "distributions", "histograms", "images", "pr_curves", "hparams", "projector", "text"} {
		t.Run(name, func(t *testing.T) {
			awaitDashboard(t, tab, address, name, want)
			if os.Getenv(browser.ScreenshotsVar) != "" { // until animations end
				tab.Ask(t, `(dispatchEvent(new Event("resize")), [])`)
				time.Sleep(3 * time.Second)
			}
			tab.Keep(t, name)
		})
	}
}
