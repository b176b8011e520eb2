package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"alexnet/finetune"
	"alexnet/train"
)

// newProgress prints one line per epoch to stdout and, if stderr is a terminal, a progress bar.
func newProgress(a *app) finetune.Watch {
	p := finetune.Watch{
		Log: a.log, Terminal: a.terminal(),
		OnEpoch: func(e train.EpochResult) { fmt.Fprintln(a.stdout, epochLine(e)) },
		OnCache: a.logCache(),
	}
	if p.Terminal != nil {
		bar := &bar{to: p.Terminal}
		p.OnStep = bar.step
		epoch, fill := p.OnEpoch, p.OnCache
		p.OnEpoch = func(e train.EpochResult) {
			bar.clear()
			epoch(e)
		}
		p.OnCache = func(f train.CacheProgress) {
			bar.cache(f)
			fill(f)
		}
	}
	return p
}

// terminal is stderr if that is a terminal, otherwise nil.
func (a *app) terminal() *os.File {
	if f, ok := a.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// logCache logs when the features have been computed, and how fast.
func (a *app) logCache() func(train.CacheProgress) {
	var began time.Time
	return func(f train.CacheProgress) {
		if f.Done == 0 {
			began = time.Now()
		}
		if f.Done == f.Of {
			took := time.Since(began)
			a.log.Info("features computed", "images", f.Of, "took", took.Round(time.Second/10),
				"images_per_second", int(float64(f.Of)/took.Seconds()))
		}
	}
}

func epochLine(e train.EpochResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "epoch %d/%d  step %d", e.Epoch, e.Epochs, e.Step)
	if e.Epoch > 0 {
		fmt.Fprintf(&b, "  loss %.4f  accuracy %.4f", e.Loss, e.Accuracy)
	}
	if v := e.Validation; v != nil {
		fmt.Fprintf(&b, "  validation loss %.4f  accuracy %.4f", v.Loss, v.Accuracy)
	}
	if e.Epoch > 0 {
		fmt.Fprintf(&b, "  %.0f images/s  %v", e.ImagesPerSecond, time.Duration(e.Seconds*float64(time.Second)).Round(time.Second/10))
	}
	return b.String()
}

// bar shows the progress of the running epoch.
type bar struct {
	to   io.Writer
	of   string // its title
	size int
	bar  *progressbar.ProgressBar
}

func (b *bar) step(s train.StepResult) {
	b.show(fmt.Sprintf("epoch %d/%d", s.Epoch, s.Epochs), fmt.Sprintf("  loss %.4f", s.Loss), s.Done, s.Of)
}

func (b *bar) cache(f train.CacheProgress) { b.show("features", "", f.Done, f.Of) }

func (b *bar) show(what, detail string, done, size int) {
	if b.bar == nil || b.of != what || b.size != size {
		b.clear()
		b.of, b.size = what, size
		b.bar = progressbar.NewOptions(size, progressbar.OptionSetWriter(b.to), progressbar.OptionSetWidth(24),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	b.bar.Describe(what + detail)
	_ = b.bar.Set(done)
}

func (b *bar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}
