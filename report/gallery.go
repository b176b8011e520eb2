package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"alexnet/classify"
	"alexnet/input"
	"alexnet/internal/display"
)

// Shot is a picture with what the model says of it.
type Shot struct {
	Image       Image
	Alt         string
	Name, Path  string
	True, Taken string
	Right       bool
	Bars        []Bar // most probable first
}

// Bar is a class with its probability.
type Bar struct {
	Class, Text, Share string
	True               bool
}

// verdict is what the model says of one picture.
type verdict struct {
	place         int // in the scores
	label, first  int
	sure, margin  float64 // probability of the first class, and how far ahead of the second it is
	probabilities []float32
}

func verdicts(s classify.Scores) []verdict {
	all := make([]verdict, s.Count)
	for i, row := range s.Probabilities {
		v := verdict{place: i, label: s.Examples[i].Label, probabilities: row}
		order := byProbability(row)
		v.first = order[0]
		v.sure = float64(row[order[0]])
		v.margin = v.sure - float64(row[order[1]])
		all[i] = v
	}
	return all
}

// byProbability are the classes, the most probable first, equals by label.
func byProbability(row []float32) []int {
	order := make([]int, len(row))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
	return order
}

// mostWrong are the mistakes that the model is surest of.
func mostWrong(all []verdict, most int) []verdict {
	wrong := slices.DeleteFunc(slices.Clone(all), func(v verdict) bool { return v.first == v.label })
	slices.SortStableFunc(wrong, func(a, b verdict) int { return cmp.Compare(b.sure, a.sure) })
	return wrong[:min(most, len(wrong))]
}

// leastSure are those whose first two classes are closest together.
func leastSure(all []verdict, most int) []verdict {
	unsure := slices.Clone(all)
	slices.SortStableFunc(unsure, func(a, b verdict) int { return cmp.Compare(a.margin, b.margin) })
	return unsure[:min(most, len(unsure))]
}

// surest is for each class the picture that is most surely right, or, where none is, most nearly: -1 where the class
// has no picture.
func surest(all []verdict, classes int) []int {
	best := slices.Repeat([]int{-1}, classes)
	for i, v := range all {
		b := best[v.label]
		if b < 0 || v.right() && !all[b].right() || v.right() == all[b].right() && v.ofLabel() > all[b].ofLabel() {
			best[v.label] = i
		}
	}
	return best
}

func (v verdict) right() bool { return v.first == v.label }

func (v verdict) ofLabel() float32 { return v.probabilities[v.label] }

// shots draws the pictures that verdicts are of. A picture that is gone by now is left out and named.
func (v viewer) shots(ctx context.Context, s classify.Scores, chosen []verdict) (shots []Shot, gone []input.Excluded, err error) {
	for _, c := range chosen {
		ex := s.Examples[c.place]
		picture, err := v.small(ctx, ex)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			gone = append(gone, input.ExcludedFor(ex.Path, err))
			continue
		}
		shot := shotOf(c, ex, s.Classes, 3)
		if shot.Image, err = asJPEG(picture); err != nil {
			return nil, nil, fmt.Errorf("show picture %q: %w", ex.Path, err)
		}
		shots = append(shots, shot)
	}
	return shots, gone, nil
}

// shotOf names so many of the first classes, and the true one.
func shotOf(v verdict, ex input.Example, classes []string, named int) Shot {
	s := Shot{Name: ex.Name, Path: ex.Path, True: classes[v.label], Taken: classes[v.first], Right: v.right()}
	s.Alt = fmt.Sprintf("%s, taken for %s", s.True, s.Taken)
	for n, class := range byProbability(v.probabilities) {
		if n >= named && class != v.label {
			continue
		}
		p := float64(v.probabilities[class])
		s.Bars = append(s.Bars, Bar{classes[class], display.Percent(p), measureOf(p).Bar, class == v.label})
	}
	return s
}
