package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// figure is a plot with title, caption and legend.
type figure struct {
	Title   string
	Caption string
	Legend  []legendEntry
	SVG     template.HTML // contains no text from outside
}

// legendEntry labels a series.
type legendEntry struct {
	Series int // style.css has a color for 1 to 8; 0 is black or white, 9 is faint
	Label  string
}

// Plots use placeholder colors, which svgColors replaces by the names in style.css; those have a light and a dark value.
var (
	ink       = color.NRGBA{1, 1, 1, 255}
	muted     = color.NRGBA{2, 2, 2, 255}
	line      = color.NRGBA{3, 3, 3, 255}
	svgColors = strings.NewReplacer(append(seriesNames(), "#010101", "currentColor", "#020202", "var(--muted)", "#030303", "var(--line)")...)
)

const (
	maxSeries   = 8
	inkSeries   = 0
	faintSeries = 9
)

// series returns the color of the i-th series.
func series(i int) color.NRGBA {
	switch i {
	case inkSeries:
		return ink
	case faintSeries:
		return muted
	}
	return color.NRGBA{uint8(0x10 + i), 1, 1, 255}
}

func seriesNames() (pairs []string) {
	for i := 1; i <= maxSeries; i++ {
		pairs = append(pairs, fmt.Sprintf("#%02X0101", 0x10+i), fmt.Sprintf("var(--s%d)", i))
	}
	return pairs
}

// The size of plots, in units that the page scales: narrow, so that text stays legible on a phone.
const (
	plotWidth  = 360 * vg.Length(1)
	plotHeight = 270 * vg.Length(1)
	textSize   = 12
)

// newPlot returns a plot with axes, a grid and no background.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = line, line
		axis.Label.TextStyle.Color, axis.Tick.Label.Color = muted, muted
		axis.Label.TextStyle.Font.Size, axis.Tick.Label.Font.Size = textSize, textSize
		axis.Label.TextStyle.Font.Variant, axis.Tick.Label.Font.Variant = "Sans", "Sans"
		axis.Tick.Length, axis.Padding = 0, 6
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = line, line
	grid.Vertical.Width, grid.Horizontal.Width = .6, .6
	p.Add(grid)
	return p
}

// unitPlot returns a plot with both axes from 0 to 1.
func unitPlot(x, y string) *plot.Plot {
	p := newPlot(x, y)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	p.X.Tick.Marker, p.Y.Tick.Marker = fifths, fifths
	return p
}

var fifths = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: .2, Label: "0.2"}, {Value: .4, Label: "0.4"},
	{Value: .6, Label: "0.6"}, {Value: .8, Label: "0.8"}, {Value: 1, Label: "1"}}

// stroke is the style of a line.
type stroke struct {
	series int
	width  float64
	dashed bool
	dots   bool
	step   bool
}

// addLine draws the finite points.
func addLine(p *plot.Plot, points plotter.XYs, s stroke) error {
	points = finite(points)
	if len(points) == 0 {
		return nil
	}
	l, err := plotter.NewLine(points)
	if err != nil {
		return fmt.Errorf("plot line: %w", err)
	}
	l.Color, l.Width = series(s.series), vg.Points(s.width)
	if s.dashed {
		l.Dashes = []vg.Length{4, 4}
	}
	if s.step {
		l.StepStyle = plotter.PreStep
	}
	p.Add(l)
	if !s.dots {
		return nil
	}
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return fmt.Errorf("plot points: %w", err)
	}
	dots.Color, dots.Radius, dots.Shape = series(s.series), 2.6, draw.CircleGlyph{}
	p.Add(dots)
	return nil
}

func finite(points plotter.XYs) plotter.XYs {
	var kept plotter.XYs
	for _, p := range points {
		if !math.IsNaN(p.X+p.Y) && !math.IsInf(p.X+p.Y, 0) {
			kept = append(kept, p)
		}
	}
	return kept
}

// simplify removes points closer than tolerance, in both axes, to the last kept point and to the next point.
func simplify(points plotter.XYs, tolerance float64) plotter.XYs {
	near := func(a, b plotter.XY) bool { return math.Abs(a.X-b.X) < tolerance && math.Abs(a.Y-b.Y) < tolerance }
	var kept plotter.XYs
	for i, p := range points {
		inner := i > 0 && i < len(points)-1
		if inner && near(p, kept[len(kept)-1]) && near(p, points[i+1]) {
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

var (
	svgHeader = regexp.MustCompile(`(?s)^.*?<svg[^>]*>`)
	fontStyle = regexp.MustCompile(`font-family:[^;]*;font-variant:[^;]*;font-weight:[^;]*;font-style:[^;"]*;?`)
)

// svg renders the plot for embedding in the page; label is its text alternative.
func svg(p *plot.Plot, label string) (template.HTML, error) {
	canvas := vgsvg.New(plotWidth, plotHeight)
	p.Draw(draw.Crop(draw.New(canvas), 0, -8, 0, -8))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw plot: %w", err)
	}
	head := fmt.Sprintf(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, int(plotWidth), int(plotHeight), template.HTMLEscapeString(label))
	text := head + svgHeader.ReplaceAllString(b.String(), "")
	return template.HTML(svgColors.Replace(fontStyle.ReplaceAllString(text, ""))), nil
}
