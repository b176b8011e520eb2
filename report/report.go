package report

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"alexnet/checkpoint"
	"alexnet/classify"
	"alexnet/input"
	"alexnet/internal/curve"
	"alexnet/internal/display"
	"alexnet/tfgraph"
	"alexnet/train"
)

// Options say how a page is made; the zero value is one without galleries.
type Options struct {
	Gallery  int             // pictures in each gallery
	Batch    int             // pictures computed at once; 0: 64
	Limits   input.Limits    // those of the run
	Session  tfgraph.Options // for Grad-CAM
	Notes    []string        // what the reader has to know, in words
	Versions []Row           // of the program and its libraries
	Made     time.Time       // zero: now
}

// Page is everything that a page shows. A part that is nil or empty is left out.
type Page struct {
	Name     string // of the run
	Meta     checkpoint.Meta
	Classes  []string
	Notes    []string
	Cards    []Card
	Courses  []Figure
	Measured *Measured // nil where there are no pictures
	Filters  []Image   // conv1's
	Data     *DataSummary
	Settings []Row
	Versions []Row
	Made     time.Time
}

// Measured is what the model makes of the pictures.
type Measured struct {
	Scores         classify.Scores
	From           string // where the pictures come from, in words
	Calibration    curve.Calibration
	Average, AUC   float64 // by all pairs of a picture and a class; NaN where not defined
	Matrix         *Matrix
	Pairs          []Pair
	Classes        []ClassRow
	Figures        []Figure
	Wrong, Unsure  []Shot
	Attentions     []Attention
	AttentionsLeft int // classes that there was no room for
}

// Card is one figure that matters most.
type Card struct{ Name, Value, Note string }

// Make measures the model of the run in dir on the pictures of data.Val and draws. Without data, or with none in Val,
// the page has what the run directory alone tells. Pictures that cannot be read are left out, and a note says so.
// The end of ctx ends it.
func Make(ctx context.Context, dir string, model *classify.Model, data *input.Dataset, opt Options) (*Page, error) {
	p := &Page{Name: nameOf(dir), Meta: model.Source.Checkpoint, Classes: model.Classes(), Notes: opt.Notes, Versions: opt.Versions, Made: opt.Made}
	if p.Made.IsZero() {
		p.Made = time.Now()
	}
	if err := p.tell(dir, model); err != nil {
		return nil, fmt.Errorf("report on run %q: %w", dir, err)
	}
	if data != nil {
		p.Data = summarise(data)
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

// tell is what the run directory says by itself.
func (p *Page) tell(dir string, model *classify.Model) error {
	history, err := train.History(dir)
	if err != nil {
		return err
	}
	points, err := train.Points(dir)
	if err != nil {
		return err
	}
	if p.Courses, err = drawCourses(history, points); err != nil {
		return err
	}
	if p.Filters, err = filters(model); err != nil {
		return err
	}
	p.Settings, err = settingRows(model.Source.Checkpoint.Config)
	return err
}

// measure runs the model over the validation pictures.
func (p *Page) measure(ctx context.Context, model *classify.Model, data *input.Dataset, opt Options) error {
	loader := model.Loader(data.Val, cmp.Or(opt.Batch, 64))
	loader.Limits = opt.Limits
	scores, err := model.Score(ctx, loader)
	if err != nil {
		return err
	}
	p.noteProblems(scores.Excluded)
	if scores.Count == 0 {
		return nil
	}
	m := &Measured{Scores: scores, From: data.ValFrom, Matrix: matrix(scores.Report), Pairs: pairs(scores.Report), Calibration: calibrate(scores)}
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
	return p.show(ctx, model, opt)
}

// show puts pictures on the page.
func (p *Page) show(ctx context.Context, model *classify.Model, opt Options) error {
	m, v := p.Measured, viewer{model, opt.Limits}
	all := verdicts(m.Scores)
	var gone, goneToo []input.Excluded
	var err error
	if m.Wrong, gone, err = v.shots(ctx, m.Scores, mostWrong(all, opt.Gallery)); err != nil {
		return err
	}
	if m.Unsure, goneToo, err = v.shots(ctx, m.Scores, leastSure(all, opt.Gallery)); err != nil {
		return err
	}
	var last []input.Excluded
	m.Attentions, m.AttentionsLeft, last, err = v.attend(ctx, m.Scores, opt.Session)
	p.noteProblems(slices.Concat(gone, goneToo, last))
	return err
}

// noteProblems names the first of the pictures that are left out.
func (p *Page) noteProblems(problems []input.Excluded) {
	const named = 5
	for i, problem := range problems {
		if i == named {
			p.Notes = append(p.Notes, fmt.Sprintf("Left out: %d more pictures.", len(problems)-named))
			return
		}
		p.Notes = append(p.Notes, fmt.Sprintf("Left out: %v.", problem))
	}
}

// cards are the figures at the top: what was measured, or else what the checkpoint keeps.
func (p *Page) cards() []Card {
	m := p.Measured
	if m == nil {
		if v := p.Meta.Metrics; v != nil {
			note := fmt.Sprintf("on %d pictures, while it trained", v.Count)
			return []Card{{"accuracy", display.Percent(v.Accuracy), note}, {"loss", number(v.Loss), note}}
		}
		return nil
	}
	s := m.Scores
	cards := []Card{{"accuracy", display.Percent(s.Accuracy), fmt.Sprintf("of %d pictures", s.Count)}}
	if s.Top5 != nil {
		cards = append(cards, Card{"top-5", display.Percent(*s.Top5), "right among the first five"})
	}
	return append(cards,
		Card{"loss", number(s.Loss), "cross-entropy in nats"},
		Card{"average precision", number(m.Average), "micro average"},
		Card{"AUC", number(m.AUC), "micro average"},
		Card{"calibration error", number(m.Calibration.ECE), "expected; 0 is best"})
}
