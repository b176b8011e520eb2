package main

import (
	"fmt"
	"image/color"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// plots draws time.png and accuracy.png into dir, one line for each program.
func (r *report) plots(dir string) error {
	if err := r.plotTime(filepath.Join(dir, "time.png")); err != nil {
		return err
	}
	return r.plotAccuracy(filepath.Join(dir, "accuracy.png"))
}

// plotTime plots time against epochs; the extrapolated part is dashed.
func (r *report) plotTime(path string) error {
	p := newPlot("Time against epochs (dashed: extrapolated)", "epochs", "minutes")
	for i, o := range r.Jobs {
		var run, rest plotter.XYs
		for _, at := range o.Points {
			run = append(run, plotter.XY{X: float64(at.Epoch), Y: at.Seconds / 60})
		}
		if total, measured := o.at(r.Settings.Horizon); !measured {
			rest = plotter.XYs{run[len(run)-1], {X: float64(r.Settings.Horizon), Y: total / 60}}
		}
		if err := addLine(p, i, o.Name, run, rest); err != nil {
			return err
		}
	}
	return savePlot(p, path)
}

// plotAccuracy plots the measured validation accuracy against time.
func (r *report) plotAccuracy(path string) error {
	p := newPlot("Validation accuracy against time", "seconds", "accuracy")
	p.Legend.Left, p.Legend.Top = false, false
	for i, o := range r.Jobs {
		var run plotter.XYs
		for _, at := range o.Points[1:] {
			run = append(run, plotter.XY{X: at.Seconds, Y: at.Accuracy})
		}
		if err := addLine(p, i, o.Name, run, nil); err != nil {
			return err
		}
	}
	return savePlot(p, path)
}

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Legend.Left, p.Legend.Top = true, true
	p.Add(plotter.NewGrid())
	return p
}

// addLine adds the i-th line with its points, and its dashed extrapolation if any.
func addLine(p *plot.Plot, i int, name string, run, rest plotter.XYs) error {
	line, points, err := plotter.NewLinePoints(run)
	if err != nil {
		return fmt.Errorf("plot %s: %w", name, err)
	}
	line.Color, line.Width = plotutil.Color(i), vg.Points(1.5)
	points.Color, points.Shape = plotutil.Color(i), plotutil.Shape(i)
	p.Add(line, points)
	p.Legend.Add(name, line, points)
	if rest == nil {
		return nil
	}
	dashed, err := plotter.NewLine(rest)
	if err != nil {
		return fmt.Errorf("plot %s: %w", name, err)
	}
	dashed.Color, dashed.Dashes = plotutil.Color(i), []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(dashed)
	return nil
}

func savePlot(p *plot.Plot, path string) error {
	if err := p.Save(20*vg.Centimeter, 13*vg.Centimeter, path); err != nil {
		return fmt.Errorf("write plot %q: %w", path, err)
	}
	return nil
}
