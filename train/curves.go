package train

import (
	"errors"
	"io/fs"
	"maps"
	"math"
	"slices"

	summarypb "github.com/wamuir/graft/tensorflow/core/framework/summary_go_proto"

	"alexnet/internal/rundir"
	"alexnet/summaries"
)

// The tags of the training curves.
const (
	tagLoss     = "cross_entropy"
	tagAccuracy = "accuracy"
)

// Point is one point of the training curves between epochs; NaN is a value that the event file lacks.
type Point struct {
	Step           int64
	Loss, Accuracy float64 // means since the point before, dropout on
}

// Points gives the training curves of the run in dir from its event files, in the order of steps. Where a run was
// resumed, the later file's points hold. Of a file that is cut or damaged all before the damage counts.
func Points(dir string) ([]Point, error) {
	files, err := summaries.Files(rundir.Dir(dir).Events())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	byStep := map[int64]Point{}
	for _, path := range files {
		for event, err := range summaries.Read(path) {
			if err != nil {
				break
			}
			p := Point{Step: event.GetStep(), Loss: math.NaN(), Accuracy: math.NaN()}
			if known, ok := byStep[p.Step]; ok {
				p = known
			}
			if p.take(event.GetSummary().GetValue()) {
				byStep[p.Step] = p
			}
		}
	}
	var points []Point
	for _, step := range slices.Sorted(maps.Keys(byStep)) {
		points = append(points, byStep[step])
	}
	return points, nil
}

// take tells whether it found anything of the curves among the values.
func (p *Point) take(values []*summarypb.Summary_Value) (found bool) {
	for _, v := range values {
		switch v.GetTag() {
		case tagLoss:
			p.Loss, found = float64(v.GetSimpleValue()), true
		case tagAccuracy:
			p.Accuracy, found = float64(v.GetSimpleValue()), true
		}
	}
	return found
}
