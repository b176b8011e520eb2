// Package report makes a page about a run: its learning curves, the quality of its model, and the errors of the model.
// Start with [Make], which evaluates and draws, and [Page.HTML], which renders the page.
//
// The page is a self-contained HTML file: images and plots are embedded, there are no scripts, and its content
// security policy forbids loading anything. Class names, file names and settings are untrusted text and are escaped;
// plots contain no such text. The size of the page is bounded for any number of images and classes.
package report

import (
	"bytes"
	"cmp"
	"context"
	_ "embed" // the page's template and style
	"fmt"
	"html/template"
	"path/filepath"
	"time"

	"alexnet/checkpoint"
	"alexnet/classify"
	"alexnet/input"
	"alexnet/internal/curve"
	"alexnet/internal/display"
	"alexnet/internal/rundir"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Options configure a page. The zero value means no galleries.
type Options struct {
	Gallery  int             // images per gallery
	Batch    int             // batch size, default 64
	Limits   input.Limits    // the limits of the run
	Session  tfgraph.Options // for Grad-CAM
	Notes    []string        // remarks for the reader
	Versions []Row           // versions of the program and its libraries
	Made     time.Time       // default now
}

// Page is the content of a page. Sections that are nil or empty are omitted.
type Page struct {
	Name     string // of the run
	Meta     checkpoint.Meta
	Classes  []string
	Notes    []string
	Cards    []card
	Curves   []figure
	Measured *measured       // nil without images
	Filters  []embeddedImage // of conv1
	Data     *dataSummary
	Settings []Row
	Versions []Row
	Made     time.Time
}

// measured is the evaluation of the model.
type measured struct {
	Scores                  classify.Scores
	From                    string // describes the source of the images
	Calibration             curve.Calibration
	Average, AUC            float64 // micro-averaged; NaN if undefined
	Matrix                  *confusionMatrix
	Pairs                   []pair
	Classes                 []classRow
	Figures                 []figure
	TopErrors, LowestMargin []thumbnail
	Attentions              []attention
	AttentionsOmitted       int // classes without a map, to bound the page
}

// card is a key figure at the top of the page.
type card struct{ Name, Value, Note string }

// Make evaluates the model of the run in dir on the images of data.Val and draws the figures. If data is nil or Val
// is empty, the page contains only what the run directory has. Images that cannot be read are excluded and noted.
func Make(ctx context.Context, dir string, model *classify.Model, data *input.Dataset, opt Options) (*Page, error) {
	p := &Page{Name: nameOf(dir), Meta: model.Source.Checkpoint, Classes: model.Classes(), Notes: opt.Notes, Versions: opt.Versions, Made: cmp.Or(opt.Made, time.Now())}
	if err := p.addRun(dir, model); err != nil {
		return nil, fmt.Errorf("report on run %q: %w", dir, err)
	}
	if data != nil {
		p.Data = summarize(data)
		if len(data.Val) > 0 {
			if err := p.measure(ctx, model, data, opt); err != nil {
				return nil, fmt.Errorf("report on run %q: %w", dir, err)
			}
		}
	}
	p.Cards = p.cards()
	return p, nil
}

func nameOf(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

// addRun adds the contents of the run directory.
func (p *Page) addRun(dir string, model *classify.Model) error {
	history, err := rundir.Dir(dir).Epochs()
	if err != nil {
		return err
	}
	points, err := train.Points(dir)
	if err != nil {
		return err
	}
	if p.Curves, err = drawCurves(history, points); err != nil {
		return err
	}
	if p.Filters, err = filters(model); err != nil {
		return err
	}
	p.Settings, err = settingRows(model.Source.Checkpoint.Config)
	return err
}

// measure evaluates the model on the validation images.
func (p *Page) measure(ctx context.Context, model *classify.Model, data *input.Dataset, opt Options) error {
	loader := model.Loader(data.Val, cmp.Or(opt.Batch, 64))
	loader.Limits = opt.Limits
	scores, err := model.Score(ctx, loader)
	if err != nil {
		return err
	}
	p.noteExcluded(scores.Excluded)
	if scores.Count == 0 {
		return nil
	}
	m := &measured{Scores: scores, From: data.ValFrom, Matrix: newMatrix(scores.Report), Pairs: pairs(scores.Report), Calibration: calibrate(scores)}
	r := rank(scores)
	m.Average, m.AUC, m.Classes = r.microPrecision.Area, r.microROC.Area, classTable(scores.Report, r)
	if m.Figures, err = r.figures(scores.Classes); err != nil {
		return err
	}
	reliability, err := drawCalibration(m.Calibration)
	if err != nil {
		return err
	}
	m.Figures = append(m.Figures, reliability)
	p.Measured = m
	return p.addGalleries(ctx, model, opt)
}

// addGalleries adds images to the page.
func (p *Page) addGalleries(ctx context.Context, model *classify.Model, opt Options) error {
	m, v := p.Measured, &viewer{model: model, limits: opt.Limits}
	all := predictions(m.Scores)
	var err error
	if m.TopErrors, err = v.thumbnails(ctx, m.Scores, topErrors(all, opt.Gallery)); err != nil {
		return err
	}
	if m.LowestMargin, err = v.thumbnails(ctx, m.Scores, lowestMargin(all, opt.Gallery)); err != nil {
		return err
	}
	m.Attentions, m.AttentionsOmitted, err = v.attentions(ctx, m.Scores, opt.Session)
	p.noteExcluded(v.excluded)
	return err
}

// noteExcluded names the first excluded images.
func (p *Page) noteExcluded(excluded []input.Excluded) {
	for _, e := range excluded[:min(display.Shown, len(excluded))] {
		p.Notes = append(p.Notes, fmt.Sprintf("Excluded: %v.", e))
	}
	if more := len(excluded) - display.Shown; more > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("Excluded: %d more images.", more))
	}
}

// cards returns the key figures: measured, or else from the checkpoint.
func (p *Page) cards() []card {
	m := p.Measured
	if m == nil {
		if v := p.Meta.Metrics; v != nil {
			note := fmt.Sprintf("on %d images, during training", v.Count)
			return []card{{"accuracy", display.Percent(v.Accuracy), note}, {"loss", number(v.Loss), note}}
		}
		return nil
	}
	s := m.Scores
	cards := []card{{"accuracy", display.Percent(s.Accuracy), fmt.Sprintf("on %d images", s.Count)}}
	if s.Top5 != nil {
		cards = append(cards, card{"top-5", display.Percent(*s.Top5), "true class among the first five"})
	}
	return append(cards,
		card{"loss", number(s.Loss), "cross-entropy in nats"},
		card{"average precision", number(m.Average), "micro average"},
		card{"AUC", number(m.AUC), "micro average"},
		card{"calibration error", number(m.Calibration.ECE), "expected; 0 is best"})
}

// filters returns the filters of the model's conv1 as images.
func filters(model *classify.Model) ([]embeddedImage, error) {
	d := model.Source.Description
	values, shape := model.Values(d.Network.Architecture().FirstConv() + "/weights")
	var all []embeddedImage
	for _, img := range d.Preprocessing.FilterImages(values, int(shape[0]), 1) {
		img, err := asPNG(img)
		if err != nil {
			return nil, err
		}
		all = append(all, img)
	}
	return all, nil
}

//go:embed page.html
var pageText string

//go:embed style.css
var styleText string

// page escapes all values according to their context in the document.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(styleText) },
}).Parse(pageText))

// HTML renders the page.
func (p *Page) HTML() ([]byte, error) {
	var b bytes.Buffer
	if err := page.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	return b.Bytes(), nil
}
