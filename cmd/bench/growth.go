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

// growth is the JSON of a growth measurement.
type growth struct {
	Machine machine    `json:"machine"`
	Images  string     `json:"images"`
	Epochs  []int      `json:"epochs"`
	Counts  []int      `json:"counts"` // images trained on
	Runs    []*outcome `json:"runs"`   // one for each count
}

// grow trains on increasing numbers of images and records time and memory after the given epochs of each run. The
// validation images are the same each time.
func grow(ctx context.Context, s settings, images string, counts, epochs []int) (*growth, error) {
	s.Peers = "none"
	if err := s.validate(); err != nil {
		return nil, err
	}
	if len(counts) == 0 || len(epochs) == 0 || slices.Min(counts) < 2 || slices.Min(epochs) < 1 {
		return nil, fmt.Errorf("--images, --epochs: got %v and %v, want numbers of at least 2 and at least 1", counts, epochs)
	}
	dir, err := os.MkdirTemp("", "alexnet-growth-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t, err := newTask(s, images, dir)
	if err != nil {
		return nil, err
	}
	if most := slices.Max(counts); most > len(t.Train) {
		return nil, fmt.Errorf("open images %q: got %d training images, want %d: name a larger dataset, or fewer with --images", images, len(t.Train), most)
	}
	g := &growth{Machine: machineHere(), Images: images, Counts: counts, Epochs: epochs}
	for _, n := range counts {
		part := t
		part.Dir = filepath.Join(dir, fmt.Sprint(n))
		part.Epochs, part.Images = slices.Max(epochs), filepath.Join(part.Dir, "images")
		if err := t.writeLists(part.Images, n); err != nil {
			return nil, err
		}
		s.announce(fmt.Sprintf("%d images", n))
		o, err := ours(s, part, fmt.Sprintf("%d images", n)).run(ctx)
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

// writeLists writes a dataset of n evenly spaced training images and all validation images.
func (t task) writeLists(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("write list: %w", err)
	}
	some := make([]example, n)
	for i := range some {
		some[i] = t.Train[i*len(t.Train)/n]
	}
	for name, images := range map[string][]example{"train.txt": some, "val.txt": t.Val} {
		var b strings.Builder
		for _, p := range images {
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
	fmt.Fprintf(stdout, "%s, %d cores, TensorFlow %s; %s\n\n%s\n", g.Machine.Processor, g.Machine.Cores, g.Machine.TensorFlow, g.Images, grid(g.table(), "  "))
	for _, s := range g.statements() {
		fmt.Fprintln(stdout, s)
	}
	_, err := fmt.Fprintf(stdout, "figures: %s\n", dir)
	return err
}

func (g *growth) table() [][]string {
	table := [][]string{{"images", "epochs", "time", "peak memory"}}
	for i, n := range g.Counts {
		for _, e := range g.Epochs {
			at := g.Runs[i].Points[e]
			table = append(table, []string{fmt.Sprint(n), fmt.Sprint(e), seconds1(at.Seconds), fmt.Sprintf("%.0f MiB", at.Peak)})
		}
	}
	return table
}

// statements describe how time and memory grow with images, and with epochs once the features are cached.
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
		statement(fmt.Sprintf("time to the end of epoch %d", first), "images", counts, early),
		statement(fmt.Sprintf("time to the end of epoch %d", most), "images", counts, late),
		statement(fmt.Sprintf("time on %d images, frozen layers computed,", g.Counts[len(g.Counts)-1]), "epochs", epochs, seconds),
		statement("peak memory", "images", counts, memory),
	}
}
