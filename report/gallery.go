package report

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"image/png"
	"slices"

	"github.com/disintegration/imaging"

	"alexnet/alexnet"
	"alexnet/classify"
	"alexnet/input"
	"alexnet/internal/caption"
	"alexnet/internal/display"
)

// thumbnail is an image with its prediction.
type thumbnail struct {
	Image           embeddedImage
	Alt             string
	Name, Path      string
	True, Predicted string
	Correct         bool
	Bars            []bar // most probable first
}

// bar is a class with its probability.
type bar struct {
	Class, Text, Share string
	True               bool
}

// prediction is the model's output for one image.
type prediction struct {
	index              int // into the scores
	label, predicted   int
	confidence, margin float64 // probability of the predicted class, and its difference to the second
	probabilities      []float32
}

func predictions(s classify.Scores) []prediction {
	all := make([]prediction, s.Count)
	for i, row := range s.Probabilities {
		v := prediction{index: i, label: s.Examples[i].Label, probabilities: row}
		order := byProbability(row)
		v.predicted = order[0]
		v.confidence = float64(row[order[0]])
		v.margin = v.confidence - float64(row[order[1]])
		all[i] = v
	}
	return all
}

// byProbability returns the classes, most probable first, ties by label.
func byProbability(row []float32) []int {
	order := make([]int, len(row))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
	return order
}

// topErrors returns the errors with the highest confidence.
func topErrors(all []prediction, limit int) []prediction {
	errors := slices.DeleteFunc(slices.Clone(all), func(v prediction) bool { return v.predicted == v.label })
	slices.SortStableFunc(errors, func(a, b prediction) int { return cmp.Compare(b.confidence, a.confidence) })
	return errors[:min(limit, len(errors))]
}

// lowestMargin returns the predictions with the smallest margin between the first two classes.
func lowestMargin(all []prediction, limit int) []prediction {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b prediction) int { return cmp.Compare(a.margin, b.margin) })
	return sorted[:min(limit, len(sorted))]
}

// mostConfident returns for each class the index of the correct prediction with the highest probability, or, if none
// is correct, of the prediction with the highest probability for the class; -1 if the class has no image.
func mostConfident(all []prediction, classes int) []int {
	best := slices.Repeat([]int{-1}, classes)
	for i, v := range all {
		b := best[v.label]
		if b < 0 || v.correct() && !all[b].correct() || v.correct() == all[b].correct() && v.labelProbability() > all[b].labelProbability() {
			best[v.label] = i
		}
	}
	return best
}

func (v prediction) correct() bool { return v.predicted == v.label }

func (v prediction) labelProbability() float32 { return v.probabilities[v.label] }

// thumbnails renders the images of the chosen predictions.
func (v *viewer) thumbnails(ctx context.Context, s classify.Scores, chosen []prediction) (thumbnails []thumbnail, err error) {
	for _, c := range chosen {
		ex := s.Examples[c.index]
		img, err := v.upright(ctx, ex)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			v.excluded = append(v.excluded, input.ExcludedFor(ex.Path, err))
			continue
		}
		thumb := newThumbnail(c, ex, s.Classes, 3)
		if thumb.Image, err = asJPEG(img); err != nil {
			return nil, fmt.Errorf("encode thumbnail of %q: %w", ex.Path, err)
		}
		thumbnails = append(thumbnails, thumb)
	}
	return thumbnails, nil
}

// newThumbnail lists the top classes, and the true class.
func newThumbnail(v prediction, ex input.Example, classes []string, top int) thumbnail {
	s := thumbnail{Name: ex.Name, Path: ex.Path, True: classes[v.label], Predicted: classes[v.predicted], Correct: v.correct()}
	s.Alt = fmt.Sprintf("%s, predicted as %s", s.True, s.Predicted)
	for n, class := range byProbability(v.probabilities) {
		if n >= top && class != v.label {
			continue
		}
		p := float64(v.probabilities[class])
		s.Bars = append(s.Bars, bar{classes[class], display.Percent(p), newMetric(p).Bar, class == v.label})
	}
	return s
}

// embeddedImage is an image inside the page.
type embeddedImage struct {
	URL           template.URL
	Width, Height int
}

// thumbnailSide is the longer side of a thumbnail in pixels.
const thumbnailSide = 256

func asJPEG(img image.Image) (embeddedImage, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, onWhite(img), &jpeg.Options{Quality: 80})
	return embed("image/jpeg", b.Bytes(), img), err
}

func asPNG(img image.Image) (embeddedImage, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return embed("image/png", b.Bytes(), img), err
}

func embed(kind string, encoded []byte, img image.Image) embeddedImage {
	size := img.Bounds().Size()
	return embeddedImage{template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(encoded)), size.X, size.Y}
}

// onWhite blends transparent images over white, because JPEG has no transparency.
func onWhite(img image.Image) image.Image {
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		return img
	}
	size := img.Bounds().Size()
	return imaging.Overlay(imaging.New(size.X, size.Y, image.White), img, image.Point{}, 1)
}

// viewer renders images for the page.
type viewer struct {
	model    *classify.Model
	limits   input.Limits
	excluded []input.Excluded // images that can no longer be read
}

// upright returns the example as an upright thumbnail. If Go's decoders cannot decode it, it returns the network's
// input.
func (v viewer) upright(ctx context.Context, ex input.Example) (*image.NRGBA, error) {
	encoded, _, err := input.Read(ex, v.limits)
	if err != nil {
		return nil, err
	}
	if img, err := caption.Decode(encoded, ex.Orientation); err == nil {
		return imaging.Fit(img, thumbnailSide, thumbnailSide, imaging.Lanczos), nil
	}
	side := v.model.Source.Description.Preprocessing.Size
	square, err := v.networkInput(ctx, ex, make([]float32, side*side*3))
	if err != nil {
		return nil, err
	}
	return v.restoreAspect(square, ex), nil
}

// networkInput returns the preprocessed example as an image; into receives its values.
func (v viewer) networkInput(ctx context.Context, ex input.Example, into []float32) (image.Image, error) {
	loader := v.model.Loader([]input.Example{ex}, 1)
	loader.Limits = v.limits
	if err := loader.Load(ctx, ex, 0, into); err != nil {
		return nil, err
	}
	return v.model.Source.Description.Preprocessing.Denormalize(into), nil
}

// restoreAspect resizes the network's square input to the aspect ratio of the original image, which Center has kept.
func (v viewer) restoreAspect(square image.Image, ex input.Example) *image.NRGBA {
	p := v.model.Source.Description.Preprocessing
	width, height := ex.Width, ex.Height
	switch {
	case p.Resize == alexnet.Center:
		width, height = p.Size, p.Size
	case p.Orientation:
		width, height = ex.Upright()
	}
	const maxAspect = 3
	width, height = max(width, height/maxAspect, 1), max(height, width/maxAspect, 1)
	scale := float64(thumbnailSide) / float64(max(width, height))
	return imaging.Resize(square, max(int(float64(width)*scale), 1), max(int(float64(height)*scale), 1), imaging.Linear)
}
