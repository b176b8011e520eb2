// Package doctor checks the TensorFlow installation, the machine and a dataset for anything that would prevent training.
// Start with [Examine], whose [Report] lists problems, which must be fixed, and warnings, which may be.
package doctor

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/input"
	"alexnet/internal/display"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
)

// wantedTensorFlow is the version that the program is built and tested for.
const wantedTensorFlow = "2.18.0"

// Report is the result of an examination, as `alexnet doctor --json` prints it.
type Report struct {
	Healthy    bool             `json:"healthy"` // no problems
	Program    string           `json:"program"` // version
	TensorFlow string           `json:"tensorflow"`
	Wanted     string           `json:"tensorflow_wanted"`
	Kernels    string           `json:"kernels"`
	Devices    []tfgraph.Device `json:"devices"`
	Go         string           `json:"go"`
	Threads    int              `json:"threads"`
	Machine    Machine          `json:"machine"`
	Arithmetic string           `json:"arithmetic"` // result of a matrix product
	Data       *Dataset         `json:"data,omitempty"`
	Problems   []input.Excluded `json:"problems"`
	Warnings   []string         `json:"warnings"`
}

// Options says what to examine.
type Options struct {
	Program string // version to report
	Data    string // dataset; "": none
	Input   input.Options
	Sandbox sandbox.Options // Dir and Note
}

// Examine checks the installation and, if there is one, the dataset. Whatever is wrong with them is in the report; the
// error is ctx's, or TensorFlow's while decoding.
func Examine(ctx context.Context, opt Options) (*Report, error) {
	r := &Report{
		Healthy: true, Program: opt.Program, TensorFlow: tfgraph.Version(), Wanted: wantedTensorFlow, Kernels: tfgraph.Kernels(),
		Go: runtime.Version(), Threads: runtime.GOMAXPROCS(0), Machine: ReadMachine(os.DirFS("/")),
		Problems: []input.Excluded{}, Warnings: []string{},
	}
	r.checkInstallation(ctx)
	if err := ctx.Err(); err != nil { // an interrupted check looks like a failed one
		return nil, err
	}
	if opt.Data == "" {
		return r, nil
	}
	return r, r.checkDataset(ctx, opt)
}

func (r *Report) problem(p input.Excluded) {
	r.Problems = append(r.Problems, p)
	r.Healthy = false
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

func (r *Report) checkInstallation(ctx context.Context) {
	tensorFlow := func(reason, hint string) {
		r.problem(input.Excluded{Path: "TensorFlow", Reason: reason, Hint: hint})
	}
	devices, err := tfgraph.Devices()
	if r.Devices = devices; err != nil {
		r.Devices = []tfgraph.Device{}
		tensorFlow(err.Error(), "check the GPU driver's version, or hide GPUs with CUDA_VISIBLE_DEVICES=-1")
	}
	if r.TensorFlow != r.Wanted {
		tensorFlow(fmt.Sprintf("got version %s, want %s", r.TensorFlow, r.Wanted),
			"install it with scripts/install-libtensorflow, and rebuild the program")
	}
	if on, known := tfgraph.OneDNN(); known && !on && r.Machine.fastOneDNN() {
		r.warn("oneDNN is disabled, which halves the training speed on this processor: unset TF_ENABLE_ONEDNN_OPTS")
	}
	if r.Threads > r.Machine.Cores {
		r.warn("GOMAXPROCS is %d on %d cores: more threads than cores slow the program down", r.Threads, r.Machine.Cores)
	}
	if free := r.Machine.Free(); free > 0 && free < 2<<30 {
		r.warn("%s of memory are free; training all layers with --batch 128 needs more than 2 GiB: reduce --batch", display.Bytes(free))
	}
	r.Arithmetic = "the product of two 256x256 matrices is correct"
	if err := multiply(ctx); err != nil {
		r.Arithmetic = "failed"
		tensorFlow(err.Error(), "the library does not work on this machine; an older processor may need another build of it")
	}
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "alexnet\t%s, %s\n", r.Program, r.Go)
	fmt.Fprintf(t, "TensorFlow\t%s, kernels %s\n", r.TensorFlow, r.Kernels)
	fmt.Fprintf(t, "devices\t%s\n", display.List(r.Devices...))
	fmt.Fprintf(t, "arithmetic\t%s\n", r.Arithmetic)
	fmt.Fprintf(t, "processor\t%s\n", r.Machine.processor(r.Threads))
	fmt.Fprintf(t, "memory\t%s\n", r.Machine.memory())
	if r.Data != nil {
		r.Data.print(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return r.printFindings(w)
}

func (r *Report) printFindings(w io.Writer) error {
	if len(r.Problems) > 0 {
		fmt.Fprintf(w, "\nproblems (%d):\n", len(r.Problems))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  %v\n", p)
		if p.Hint != "" {
			fmt.Fprintf(w, "    hint: %s\n", p.Hint)
		}
	}
	if len(r.Warnings) > 0 {
		fmt.Fprintf(w, "\nwarnings (%d):\n", len(r.Warnings))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "  %s\n", warning)
	}
	var err error
	if r.Healthy {
		_, err = fmt.Fprintln(w, "\nno problems found")
	}
	return err
}

// multiply checks a matrix product of TensorFlow, whose elements float32 holds exactly.
func multiply(ctx context.Context) error {
	const n = 256
	a, b := make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%7-3), float32(i%5-2)
	}
	got, err := product(ctx, a, b, n)
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

// product multiplies n x n matrices with TensorFlow.
func product(ctx context.Context, a, b []float32, n int64) ([]float32, error) {
	s, feeds := op.NewScope(), tfgraph.Feeds{}
	var inputs []tf.Output
	for _, values := range [][]float32{a, b} {
		t, err := tfgraph.Of(values, n, n)
		if err != nil {
			return nil, err
		}
		defer t.Close()
		inputs = append(inputs, tfgraph.Placeholder(s, fmt.Sprint("matrix", len(inputs)), tf.Float, tf.MakeShape(n, n)))
		feeds[inputs[len(inputs)-1]] = t
	}
	fetch := op.MatMul(s, inputs[0], inputs[1])
	def, err := tfgraph.GraphDef(s)
	if err != nil {
		return nil, err
	}
	session, err := tfgraph.Open(def, tfgraph.Options{})
	if err != nil {
		return nil, err
	}
	defer session.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := session.Run(ctx, feeds, []tf.Output{fetch})
	if err != nil {
		return nil, err
	}
	defer tfgraph.CloseAll(out)
	return append([]float32(nil), tfgraph.Data[float32](out[0])...), nil
}
