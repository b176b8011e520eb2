package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/finetune"
	"alexnet/input"
	"alexnet/tfgraph"
)

// wantedTensorFlow is the version that the program is built and tested for.
const wantedTensorFlow = "2.18.0"

func newDoctor(a *app) *cobra.Command {
	var (
		asJSON bool
		c      = finetune.New("", "")
	)
	cmd := &cobra.Command{
		Use:   "doctor [DATA]",
		Short: "Look for what keeps training from working, in the installation and in the pictures",
		Long: "Look for what keeps training from working: the TensorFlow library and the machine, and, given DATA, every\n" +
			"picture in it. All pictures are decoded, none is changed. What is found about each is kept, for train and\n" +
			"eval too, in alexnet/verdicts.csv in the user's cache folder (~/.cache), which may be removed at any time.\n\n" +
			"The exit code is 1 when something has to be put right, 0 when not; advice alone does not count.",
		Example: "  alexnet doctor\n  alexnet doctor photos --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opt, err := imageOptions(c)
			if err != nil {
				return err
			}
			opt.Val = c.Val
			d := examineInstallation(cmd.Context())
			if err := cmd.Context().Err(); err != nil { // what was cut short looks broken
				return err
			}
			if len(args) == 1 {
				if err := a.examineData(cmd.Context(), d, args[0], opt); err != nil {
					return err
				}
			}
			if err := d.write(a.stdout, asJSON); err != nil {
				return err
			}
			if !d.Healthy {
				return errSilent
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	registerSettings(f, &c, "val", "formats", "max-pixels")
	return cmd
}

// diagnosis is what the doctor found.
type diagnosis struct {
	Healthy    bool             `json:"healthy"` // no problems
	Program    string           `json:"program"`
	TensorFlow string           `json:"tensorflow"`
	Wanted     string           `json:"tensorflow_wanted"`
	Kernels    string           `json:"kernels"`
	Devices    []tfgraph.Device `json:"devices"`
	Go         string           `json:"go"`
	Threads    int              `json:"threads"`
	Machine    machine          `json:"machine"`
	Arithmetic string           `json:"arithmetic"` // what came of a matrix product
	Data       *examination     `json:"data,omitempty"`
	Problems   []input.Excluded `json:"problems"` // what has to be put right
	Advice     []string         `json:"advice"`   // what may be worth a look
}

func (d *diagnosis) problem(path, reason, hint string) {
	d.Problems = append(d.Problems, input.Excluded{Path: path, Reason: reason, Hint: hint})
	d.Healthy = false
}

func (d *diagnosis) advise(format string, args ...any) {
	d.Advice = append(d.Advice, fmt.Sprintf(format, args...))
}

// examineInstallation looks at all that does not depend on pictures.
func examineInstallation(ctx context.Context) *diagnosis {
	d := &diagnosis{
		Healthy: true, Program: ownVersion(), TensorFlow: tfgraph.Version(), Wanted: wantedTensorFlow, Kernels: tfgraph.Kernels(),
		Go: runtime.Version(), Threads: runtime.GOMAXPROCS(0), Machine: readMachine(rootFS),
		Problems: []input.Excluded{}, Advice: []string{},
	}
	devices, err := tfgraph.Devices()
	if d.Devices = devices; err != nil {
		d.Devices = []tfgraph.Device{}
		d.problem("TensorFlow", err.Error(), "see that the driver fits, or hide GPUs with CUDA_VISIBLE_DEVICES=-1")
	}
	if d.TensorFlow != d.Wanted {
		d.problem("TensorFlow", fmt.Sprintf("got version %s, want %s", d.TensorFlow, d.Wanted),
			"scripts/install-libtensorflow brings the right one; build the program again with it")
	}
	if on, known := tfgraph.OneDNN(); known && !on && d.Machine.profits() {
		d.advise("oneDNN is off, which makes training about half as fast on this processor: unset TF_ENABLE_ONEDNN_OPTS")
	}
	if d.Threads > d.Machine.Cores {
		d.advise("GOMAXPROCS is %d on %d cores: more threads than cores only get in each other's way", d.Threads, d.Machine.Cores)
	}
	if free := d.Machine.free(); free > 0 && free < 2<<30 {
		d.advise("%s of memory are free, and training all layers with --batch 128 takes more than 2 GiB: lower --batch", bytesText(free))
	}
	d.Arithmetic = "a product of 256x256 matrices is right"
	if err := multiply(ctx); err != nil {
		d.Arithmetic = "failed"
		d.problem("TensorFlow", err.Error(), "the library does not work on this machine; an older processor may need another build of it")
	}
	return d
}

// multiply has TensorFlow compute a product of matrices whose elements it can
// hold exactly, and compares all of it with the true one.
func multiply(ctx context.Context) error {
	const n = 256
	a, b := make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%7-3), float32(i%5-2)
	}
	s := op.NewScope()
	left := tfgraph.Placeholder(s, "left", tf.Float, tf.MakeShape(n, n))
	right := tfgraph.Placeholder(s, "right", tf.Float, tf.MakeShape(n, n))
	product := op.MatMul(s, left, right)
	got, err := runOnce(ctx, s, product, map[tf.Output][]float32{left: a, right: b}, n)
	if err != nil {
		return err
	}
	for i := range n {
		for j := range n {
			want := float32(0)
			for k := range n {
				want += a[i*n+k] * b[k*n+j]
			}
			if got[i*n+j] != want {
				return fmt.Errorf("multiply matrices: got %g in row %d, column %d, want %g", got[i*n+j], i, j, want)
			}
		}
	}
	return nil
}

// runOnce feeds square matrices of side n and returns the fetched one.
func runOnce(ctx context.Context, s *op.Scope, fetch tf.Output, values map[tf.Output][]float32, n int64) ([]float32, error) {
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		return nil, err
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		return nil, err
	}
	defer session.Close()
	feeds := tfgraph.Feeds{}
	for output, v := range values {
		t, err := tfgraph.Of(v, n, n)
		if err != nil {
			return nil, err
		}
		defer t.Close()
		feeds[output] = t
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := session.Run(ctx, feeds, []tf.Output{fetch})
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	got := append([]float32(nil), tfgraph.Data[float32](out[0])...)
	if int64(len(got)) != n*n {
		return nil, fmt.Errorf("multiply matrices: got %d values, want %d", len(got), n*n)
	}
	return got, nil
}

func (d *diagnosis) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(d)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "alexnet\t%s, %s\n", d.Program, d.Go)
	fmt.Fprintf(t, "TensorFlow\t%s, kernels %s\n", d.TensorFlow, d.Kernels)
	fmt.Fprintf(t, "devices\t%s\n", tfgraph.DeviceList(d.Devices))
	fmt.Fprintf(t, "arithmetic\t%s\n", d.Arithmetic)
	fmt.Fprintf(t, "processor\t%s\n", d.Machine.processor(d.Threads))
	fmt.Fprintf(t, "memory\t%s\n", d.Machine.memory())
	if d.Data != nil {
		d.Data.print(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return d.writeFindings(w)
}

func (d *diagnosis) writeFindings(w io.Writer) error {
	if len(d.Problems) > 0 {
		fmt.Fprintf(w, "\nto put right (%d):\n", len(d.Problems))
	}
	for _, p := range d.Problems {
		fmt.Fprintf(w, "  %v\n", p)
		if p.Hint != "" {
			fmt.Fprintf(w, "    hint: %s\n", p.Hint)
		}
	}
	if len(d.Advice) > 0 {
		fmt.Fprint(w, "\nworth knowing:\n")
	}
	for _, advice := range d.Advice {
		fmt.Fprintf(w, "  %s\n", advice)
	}
	var err error
	if d.Healthy {
		_, err = fmt.Fprintln(w, "\nnothing has to be put right")
	}
	return err
}
