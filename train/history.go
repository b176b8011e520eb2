package train

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	summarypb "github.com/wamuir/graft/tensorflow/core/framework/summary_go_proto"

	"alexnet/eval"
	"alexnet/internal/regular"
	"alexnet/summaries"
)

// History gives the epochs that the run in dir has done, as metrics.csv keeps
// them: of Validation only loss and accuracy, of Epochs and Checkpoint nothing.
// Without the file there are none.
func History(dir string) ([]EpochResult, error) {
	rows, err := Metrics(dir)
	if err != nil {
		return nil, err
	}
	var all []EpochResult
	for _, row := range rows {
		e, err := parseEpoch(row)
		if err != nil {
			continue // the headings
		}
		all = append(all, e)
	}
	return all, nil
}

// Metrics gives the rows of the metrics.csv that the run in dir has written, after
// their headings; nothing without the file. A row that is damaged, or that a crash
// has cut, is omitted.
func Metrics(dir string) ([][]string, error) {
	text, err := regular.Read(directoryOf(dir).metrics, 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	rows := [][]string{columns}
	for line := range strings.Lines(string(text)) {
		row := strings.Split(strings.TrimRight(line, "\r\n"), ",") // of numbers: nothing is quoted
		if _, err := parseEpoch(row); err == nil {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func parseEpoch(row []string) (e EpochResult, err error) {
	if len(row) != len(columns) {
		return e, fmt.Errorf("got %d columns, want %d", len(row), len(columns))
	}
	values := make([]float64, len(row))
	for i, text := range row {
		if text == "" {
			continue
		}
		if values[i], err = strconv.ParseFloat(text, 64); err != nil {
			return e, err
		}
	}
	if !(values[0] >= 1 && values[0] <= math.MaxInt32) {
		return e, fmt.Errorf("got epoch %q, want one from 1 on", row[0])
	}
	e = EpochResult{Epoch: int(values[0]), Step: int64(values[1]), Loss: values[2], Accuracy: values[3], ImagesPerSecond: values[7], Seconds: values[8]}
	if row[4] != "" && row[5] != "" {
		e.Validation = &eval.Report{Loss: values[4], Accuracy: values[5]}
	}
	return e, nil
}

// The tags of the training curves.
const (
	tagLoss     = "cross_entropy"
	tagAccuracy = "accuracy"
)

// Point is one point of the training curves between epochs; NaN is a value that
// the event file lacks.
type Point struct {
	Step           int64
	Loss, Accuracy float64 // means since the point before, dropout on
}

// Points gives the training curves of the run in dir from its event files, in
// the order of steps. Where a run was resumed, the later file's points hold.
// Of a file that is cut or damaged all before the damage counts.
func Points(dir string) ([]Point, error) {
	files, err := summaries.Files(Events(dir))
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

// take reports whether values hold a point of the curves.
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
