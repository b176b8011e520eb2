// Command bench measures the training step of this program against the same
// graph in Python TensorFlow, in one run and in turns, beside the machine's own
// MatMul rate. It prints ratios: absolute figures of a shared machine mean
// little.
//
//	go run ./bench [-pairs 5] [-steps 2] [-batch 128] [-json FILE] PICTURES
//
// PICTURES is what alexnet train takes. PYTHON names the interpreter that has
// TensorFlow, by default the one of scripts/install-reference.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"alexnet/tfgraph"
)

// options of a measurement.
type options struct {
	Pairs  int  `json:"pairs"`
	Steps  int  `json:"steps"`
	Batch  int  `json:"batch"`
	Decode bool `json:"-"`
	data   string
}

// table is everything that was measured.
type table struct {
	Processor  string  `json:"processor"`
	Cores      int     `json:"cores"`
	TensorFlow string  `json:"tensorflow"`
	Options    options `json:"options"`
	MatMul     spread  `json:"matmul_gflops"`
	Rows       []row   `json:"rows"`
}

// row compares two programs at one job, in images a second.
type row struct {
	What  string `json:"what"`
	Ours  spread `json:"ours"`
	Peer  spread `json:"python_tensorflow"`
	Ratio spread `json:"ratio"`
}

// spread summarises repeated measurements.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var o options
	var jsonFile, worker string
	flags.IntVar(&o.Pairs, "pairs", 5, "turns of each program")
	flags.IntVar(&o.Steps, "steps", 2, "updates a turn")
	flags.IntVar(&o.Batch, "batch", 128, "pictures an update")
	flags.StringVar(&jsonFile, "json", "", "also write the figures into this file")
	flags.StringVar(&worker, "worker", "", "be a worker: train or matmul")
	flags.BoolVar(&o.Decode, "decode", false, "worker: decode pictures instead of repeating the same pixels")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.data = flags.Arg(0); o.data == "" && worker != "matmul" {
		return fmt.Errorf("read arguments: got no PICTURES")
	}
	switch worker {
	case "train":
		return work(context.Background(), o)
	case "matmul":
		return matmul(context.Background(), o.Pairs)
	}
	t, err := measure(o)
	if err != nil {
		return err
	}
	if jsonFile != "" {
		text, err := json.MarshalIndent(t, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(jsonFile, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return t.print(out)
}

func measure(o options) (*table, error) {
	t := &table{Processor: processor(), Cores: runtime.NumCPU(), TensorFlow: tfgraph.Version(), Options: o}
	var err error
	if t.MatMul, err = matmulRate(o.Pairs); err != nil {
		return nil, err
	}
	for _, job := range []struct {
		what   string
		decode bool
	}{{"training step fc6–fc8, same pixels each time", false}, {"training step fc6–fc8, pictures read and decoded", true}} {
		o.Decode = job.decode
		r, err := compare(job.what, o)
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", job.what, err)
		}
		t.Rows = append(t.Rows, r)
	}
	return t, nil
}

// compare lets the two programs take turns, first one and then the other ahead.
func compare(what string, o options) (row, error) {
	r := row{What: what}
	ours, err := startOurs(o)
	if err != nil {
		return r, err
	}
	defer ours.stop()
	peer, err := startPython(o)
	if err != nil {
		return r, err
	}
	defer peer.stop()
	var rates [2][]float64
	var ratios []float64
	for i := range o.Pairs + 1 {
		turn := []int{i % 2, 1 - i%2}
		var rate [2]float64
		for _, who := range turn {
			seconds, err := []*process{ours, peer}[who].take(o.Steps)
			if err != nil {
				return r, err
			}
			rate[who] = float64(o.Steps*o.Batch) / seconds
		}
		if i == 0 {
			continue // warm-up
		}
		for who := range rates {
			rates[who] = append(rates[who], rate[who])
		}
		ratios = append(ratios, rate[0]/rate[1])
	}
	r.Ours, r.Peer, r.Ratio = spreadOf(rates[0]), spreadOf(rates[1]), spreadOf(ratios)
	return r, nil
}

func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	return spread{Min: v[0], Median: (v[(len(v)-1)/2] + v[len(v)/2]) / 2, Max: v[len(v)-1]}
}

func (t *table) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d cores, TensorFlow %s, batch %d, %d turns of %d updates\n\n",
		t.Processor, t.Cores, t.TensorFlow, t.Options.Batch, t.Options.Pairs, t.Options.Steps)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "images a second (min / median / max)\tours\tPython TensorFlow\tours : Python")
	for _, r := range t.Rows {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", r.What, r.Ours.format("%.0f"), r.Peer.format("%.0f"), r.Ratio.format("%.2f"))
	}
	tw.Flush()
	_, err := fmt.Fprintf(w, "\nMatMul 4096x4096x4096, float32: %s GFLOP/s\n", t.MatMul.format("%.0f"))
	return err
}

func (s spread) format(verb string) string {
	return fmt.Sprintf(verb+" / "+verb+" / "+verb, s.Min, s.Median, s.Max)
}

// processor is the name that Linux gives it.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(strings.TrimSpace(name), ": \t")
		}
	}
	return runtime.GOARCH
}

func python() string {
	return cmp.Or(os.Getenv("PYTHON"), filepath.Join(".venv", "bin", "python"))
}
