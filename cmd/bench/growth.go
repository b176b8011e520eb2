package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// growth is how one program's cost grows, as it stands in its JSON.
type growth struct {
	Machine  machine    `json:"machine"`
	Pictures string     `json:"pictures"`
	Epochs   []int      `json:"epochs"`
	Counts   []int      `json:"counts"` // pictures trained on
	Runs     []*outcome `json:"runs"`   // one a count
}

// grow trains on more and more of the pictures and looks at time and memory after
// some epochs of each run. The pictures validated on are the same each time.
func grow(ctx context.Context, s settings, pictures string, counts, epochs []int) (*growth, error) {
	s.Peers = "none"
	if err := s.validate(); err != nil {
		return nil, err
	}
	if len(counts) == 0 || len(epochs) == 0 || slices.Min(counts) < 2 || slices.Min(epochs) < 1 {
		return nil, fmt.Errorf("--pictures, --epochs: got %v and %v, want numbers of at least 2 and at least 1", counts, epochs)
	}
	dir, err := os.MkdirTemp("", "alexnet-growth-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t, err := newTask(s, pictures, dir)
	if err != nil {
		return nil, err
	}
	if most := slices.Max(counts); most > len(t.Train) {
		return nil, fmt.Errorf("open pictures %q: got %d to train on, want %d: name a larger folder, or fewer with --pictures", pictures, len(t.Train), most)
	}
	g := &growth{Machine: machineHere(), Pictures: pictures, Counts: counts, Epochs: epochs}
	for _, n := range counts {
		part := t
		part.Dir = filepath.Join(dir, fmt.Sprint(n))
		part.Epochs, part.Pictures = slices.Max(epochs), filepath.Join(part.Dir, "pictures")
		if err := t.writeLists(part.Pictures, n); err != nil {
			return nil, err
		}
		s.tell(fmt.Sprintf("%d pictures", n))
		o, err := ours(s, part, fmt.Sprintf("%d pictures", n)).run(ctx)
		if err != nil {
			return nil, err
		}
		g.Runs = append(g.Runs, o)
		if err := os.RemoveAll(part.Dir); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// writeLists makes a data set of n of the pictures to train on, evenly spread,
// and all to validate on.
func (t task) writeLists(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("write list: %w", err)
	}
	some := make([]picture, n)
	for i := range some {
		some[i] = t.Train[i*len(t.Train)/n]
	}
	for name, pictures := range map[string][]picture{"train.txt": some, "val.txt": t.Val} {
		var b strings.Builder
		for _, p := range pictures {
			path, err := filepath.Abs(p.Path)
			if err != nil {
				return fmt.Errorf("write list: %w", err)
			}
			fmt.Fprintf(&b, "%s %s\n", path, t.Classes[p.Label])
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o666); err != nil {
			return fmt.Errorf("write list: %w", err)
		}
	}
	return nil
}

// publish prints the figures and writes them as JSON into the folder dir.
func (g *growth) publish(stdout io.Writer, dir string) error {
	if err := writeJSON(filepath.Join(dir, "growth.json"), g); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s, %d cores, TensorFlow %s; %s\n\n%s\n", g.Machine.Processor, g.Machine.Cores, g.Machine.TensorFlow, g.Pictures, grid(g.table(), "  "))
	for _, s := range g.statements() {
		fmt.Fprintln(stdout, s)
	}
	_, err := fmt.Fprintf(stdout, "figures: %s\n", dir)
	return err
}

func (g *growth) table() [][]string {
	table := [][]string{{"pictures", "epochs", "time", "peak memory"}}
	for i, n := range g.Counts {
		for _, e := range g.Epochs {
			at := g.Runs[i].Points[e]
			table = append(table, []string{fmt.Sprint(n), fmt.Sprint(e), seconds1(at.Seconds), fmt.Sprintf("%.0f MiB", at.Peak)})
		}
	}
	return table
}

// statements say how time and memory grow with pictures, and with epochs once the
// frozen layers are computed.
func (g *growth) statements() []string {
	first, most := slices.Min(g.Epochs), slices.Max(g.Epochs)
	var counts, early, late, memory, epochs, seconds []float64
	for i, n := range g.Counts {
		points := g.Runs[i].Points
		counts = append(counts, float64(n))
		early, late, memory = append(early, points[first].Seconds), append(late, points[most].Seconds), append(memory, points[most].Peak)
	}
	for _, e := range g.Epochs {
		points := g.Runs[len(g.Runs)-1].Points
		epochs = append(epochs, float64(e))
		seconds = append(seconds, points[e].Seconds-points[0].Seconds)
	}
	return []string{
		statement(fmt.Sprintf("time to the end of epoch %d", first), "pictures", counts, early),
		statement(fmt.Sprintf("time to the end of epoch %d", most), "pictures", counts, late),
		statement(fmt.Sprintf("time on %d pictures, frozen layers computed,", g.Counts[len(g.Counts)-1]), "epochs", epochs, seconds),
		statement("peak memory", "pictures", counts, memory),
	}
}
