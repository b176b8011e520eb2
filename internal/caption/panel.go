package caption

import (
	"image"
	"image/color"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The fonts are part of the program, so they parse. A font may be used by many goroutines, a face may not.
var (
	bold    = parsed(gobold.TTF)
	regular = parsed(goregular.TTF)
)

func parsed(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic("caption: built-in font: " + err.Error())
	}
	return f
}

// panel is the caption below an image. All lengths are in pixels.
type panel struct {
	width   int
	padding int
	rows    []row
}

// row is one line.
type row struct {
	text, value  string
	fraction     float64 // of the bar, 0 to 1
	face         font.Face
	ink, bar     color.NRGBA
	height, base int // of the row, and from its top to the baseline
	thick        int // of the bar
}

// newPanel lays out the rows for an image of the given width.
func newPanel(width int, classes []Bar) *panel {
	size := max(20, min(60, width/22))
	p := &panel{width: width, padding: size * 3 / 5}
	for i, c := range classes {
		r := row{text: c.Class, value: percent(c.fraction()), fraction: c.fraction()}
		if i == 0 {
			r.ink, r.bar = strong, first
			r.setType(bold, size)
		} else {
			r.ink, r.bar = faint, others
			r.setType(regular, size*4/5)
		}
		p.rows = append(p.rows, r)
	}
	return p
}

func (r *row) setType(f *opentype.Font, size int) {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic("caption: built-in font: " + err.Error())
	}
	r.face, r.base, r.thick = face, size*11/10, max(3, size/6)
	r.height = size*3/2 + r.thick + size/4
}

func (p *panel) close() {
	for _, r := range p.rows {
		_ = r.face.Close() // frees nothing that can fail
	}
}

func (p *panel) height() int {
	if len(p.rows) == 0 {
		return 0
	}
	height := p.padding * 3 / 2
	for _, r := range p.rows {
		height += r.height
	}
	return height
}

// draw draws the rows from y downwards.
func (p *panel) draw(canvas *image.NRGBA, y int) {
	y += p.padding * 3 / 4
	for _, r := range p.rows {
		r.draw(canvas, p.padding, p.width-p.padding, y)
		y += r.height
	}
}

// draw draws the row between two columns, its top at y.
func (r row) draw(canvas *image.NRGBA, left, right, y int) {
	d := font.Drawer{Dst: canvas, Src: image.NewUniform(r.ink), Face: r.face}
	advance := d.MeasureString(r.value)
	d.Dot = fixed.Point26_6{X: fixed.I(right) - advance, Y: fixed.I(y + r.base)}
	d.DrawString(r.value)
	d.Dot = fixed.P(left, y+r.base)
	d.DrawString(shorten(r.face, r.text, fixed.I(right-left)-advance-d.MeasureString("  ")))
	top := y + r.base*4/3 // below the letters' descenders
	bar := image.Rect(left, top, right, top+r.thick)
	fill(canvas, bar, track)
	bar.Max.X = left + int(r.fraction*float64(right-left)+0.5)
	fill(canvas, bar, r.bar)
}

// maxChars is more characters than any image has room for.
const maxChars = 400

// shorten makes text one printable line and cuts it with "…" if it exceeds room.
func shorten(face font.Face, text string, room fixed.Int26_6) string {
	var line []rune
	for _, c := range strings.TrimSpace(text) {
		if len(line) == maxChars {
			break
		}
		if !unicode.IsPrint(c) {
			c = ' '
		}
		line = append(line, c)
	}
	if font.MeasureString(face, string(line)) <= room {
		return string(line)
	}
	for len(line) > 0 && font.MeasureString(face, string(line)+"…") > room {
		line = line[:len(line)-1]
	}
	return strings.TrimSpace(string(line)) + "…"
}
