package main

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// class is a kind of disc.
type class struct {
	name    string
	pattern pattern
}

// pattern is light above 0 and dark below at a point of the disc, whose coordinates are in units of the radius, times 2π
// and the number of waves; its slope at 0 is about 1. A phase shifts it.
type pattern func(x, y, phase float64) float64

// classes are in the order of their names, as the program numbers them.
var classes = []class{
	{"bricks", func(x, y, phase float64) float64 {
		row := math.Floor((y + phase) / math.Pi)
		gap := math.Abs(math.Sin((x + phase + row*math.Pi) / 2)) // alternate rows are shifted by half a brick
		return min(gap, math.Abs(math.Sin(y+phase))) - .3
	}},
	{"checks", func(x, y, phase float64) float64 { return math.Sin(x+phase) * math.Sin(y+phase) }},
	{"dots", func(x, y, phase float64) float64 { return math.Cos(x+phase)/2 + math.Cos(y+phase)/2 - .35 }},
	{"rings", func(x, y, phase float64) float64 { return math.Sin(math.Hypot(x, y) + phase) }},
	{"spirals", func(x, y, phase float64) float64 {
		return math.Sin(math.Hypot(x, y) + 2*math.Atan2(y, x) + phase)
	}},
	{"spokes", func(x, y, phase float64) float64 {
		const pairs = 8
		return math.Sin(pairs*math.Atan2(y, x)+phase) * min(1, math.Hypot(x, y)/pairs)
	}},
	{"stripes", func(x, _, phase float64) float64 { return math.Sin(x + phase) }},
	{"waves", func(x, y, phase float64) float64 { return math.Sin(x + 1.5*math.Sin(y) + phase) }},
}

// identity determines an image.
type identity struct {
	seed                 uint64
	split, class, number int
}

// rng returns the image's own random stream, so that the count and order of images do not matter.
func (id identity) rng() *rand.Rand {
	return rand.New(rand.NewPCG(id.seed, uint64(id.split)<<48|uint64(id.class)<<32|uint64(id.number)))
}

// scene holds the random choices of one image. Their distributions are the same for all classes.
type scene struct {
	width, height int
	center        [2]float64 // of the disc
	radius        float64
	turn          float64 // radians
	waves         float64 // light and dark pairs along the radius
	phase         float64 // radians
	bend          float64 // how far the texture pushes the pattern, in radii
	light, dark   [3]float64
	ground        [2][3]float64 // colors between which the background varies
	slope         [2]float64    // of the background's brightness across the image
	coarse, fine  *texture
	grain         float64 // of single pixels
	gray          bool
	png           bool
	orientation   int // EXIF 1 to 8
	rng           *rand.Rand
}

func newScene(id identity) *scene {
	rng := id.rng()
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	area, ratio := between(150*150, 380*380), math.Exp(between(-0.45, 0.45))
	s := &scene{
		width:  int(math.Sqrt(area * ratio)),
		height: int(math.Sqrt(area / ratio)),
		turn:   between(0, 2*math.Pi), waves: between(2, 4), phase: between(0, 2*math.Pi),
		bend:   between(0, 0.05),
		slope:  [2]float64{between(-40, 40), between(-40, 40)},
		coarse: newTexture(rng, 5), fine: newTexture(rng, 23),
		grain: between(2, 14),
		gray:  rng.Float64() < 0.15, png: rng.Float64() < 0.2, orientation: 1, rng: rng,
	}
	short := float64(min(s.width, s.height))
	s.radius = short * between(0.36, 0.5)
	s.center = [2]float64{
		between(0.85*s.radius, float64(s.width)-0.85*s.radius), between(0.85*s.radius, float64(s.height)-0.85*s.radius)}
	if !s.png && rng.Float64() < 0.25 {
		s.orientation = 2 + rng.IntN(7)
	}
	s.choosePaint(between)
	return s
}

// choosePaint picks colors: any hue, with a visible difference in brightness between light and dark.
func (s *scene) choosePaint(between func(low, high float64) float64) {
	tint := func(brightness float64) (c [3]float64) {
		for i := range c {
			c[i] = brightness + between(-45, 45)
		}
		return c
	}
	middle, contrast := between(95, 160), between(55, 90)
	s.light, s.dark = tint(middle+contrast), tint(middle-contrast)
	s.ground = [2][3]float64{tint(between(60, 195)), tint(between(60, 195))}
}

// draw paints the scene with the pattern in its disc.
func (s *scene) draw(pattern pattern) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, s.width, s.height))
	for y := range s.height {
		for x := range s.width {
			c := s.paint(float64(x)+0.5, float64(y)+0.5, pattern)
			grain := s.grain * s.rng.NormFloat64()
			img.SetNRGBA(x, y, color.NRGBA{level(c[0] + grain), level(c[1] + grain), level(c[2] + grain), 255})
		}
	}
	return img
}

// paint is the color of one point in pixels, 0 to 255 without grain.
func (s *scene) paint(x, y float64, pattern pattern) [3]float64 {
	u, v := x/float64(s.width), y/float64(s.height)
	coarse, fine := s.coarse.at(u, v), s.fine.at(u, v)
	ground := mix(s.ground[0], s.ground[1], 0.5+0.35*coarse+0.25*fine)
	for i := range ground {
		ground[i] += s.slope[0]*(u-0.5) + s.slope[1]*(v-0.5)
	}
	dx, dy := (x-s.center[0])/s.radius, (y-s.center[1])/s.radius
	inside := edge((1 - math.Hypot(dx, dy)) * s.radius)
	if inside > 0 {
		sin, cos := math.Sincos(s.turn)
		scale := 2 * math.Pi * s.waves
		light := pattern(scale*(cos*dx+sin*dy), scale*(cos*dy-sin*dx), s.phase+scale*s.bend*coarse)
		ground = mix(ground, mix(s.dark, s.light, edge(light*s.radius/scale)), inside)
	}
	if s.gray {
		y := 0.299*ground[0] + 0.587*ground[1] + 0.114*ground[2]
		return [3]float64{y, y, y}
	}
	return ground
}

// edge is the covered fraction of a pixel that lies the given number of pixels inside.
func edge(pixels float64) float64 { return max(0, min(1, pixels+0.5)) }

func mix(a, b [3]float64, weight float64) [3]float64 {
	weight = max(0, min(1, weight))
	for i := range a {
		a[i] += weight * (b[i] - a[i])
	}
	return a
}

func level(v float64) uint8 { return uint8(max(0, min(255, math.Round(v)))) }

// texture is noise that varies smoothly between random values on a grid.
type texture struct {
	cells  int
	values []float64
}

func newTexture(rng *rand.Rand, cells int) *texture {
	t := &texture{cells, make([]float64, (cells+1)*(cells+1))}
	for i := range t.values {
		t.values[i] = 2*rng.Float64() - 1
	}
	return t
}

// at is between -1 and 1; u and v are from 0 to 1 across the image.
func (t *texture) at(u, v float64) float64 {
	x, y := u*float64(t.cells), v*float64(t.cells)
	column, row := min(int(x), t.cells-1), min(int(y), t.cells-1)
	x, y = smooth(x-float64(column)), smooth(y-float64(row))
	corner := t.values[row*(t.cells+1)+column:]
	below := corner[t.cells+1:]
	return (1-y)*((1-x)*corner[0]+x*corner[1]) + y*((1-x)*below[0]+x*below[1])
}

func smooth(t float64) float64 { return t * t * (3 - 2*t) }
