package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"alexnet/internal/atomicfile"
	"alexnet/internal/filesystem"
	"alexnet/internal/regular"
)

var columns = []string{"epoch", "step", "loss", "accuracy", "validation_loss", "validation_accuracy",
	"learning_rate", "images_per_second", "seconds"}

// Epoch is a row of metrics.csv.
type Epoch struct {
	Epoch           int // from 1
	Step            int64
	Loss            float64
	Accuracy        float64
	Validation      *Validation // nil without a validation split
	LearningRate    float64
	ImagesPerSecond float64
	Seconds         float64
}

// Validation is the validation's part of an [Epoch].
type Validation struct{ Loss, Accuracy float64 }

// Epochs reads metrics.csv; without the file there are none. A damaged or truncated row is omitted.
func (d Dir) Epochs() ([]Epoch, error) {
	rows, err := d.MetricsRows()
	var all []Epoch
	for _, row := range rows[min(1, len(rows)):] {
		e, _ := parseEpoch(row) // MetricsRows has checked it
		all = append(all, e)
	}
	return all, err
}

// MetricsRows is [Dir.Epochs] as text, after a row of column names; nil without the file.
func (d Dir) MetricsRows() ([][]string, error) {
	text, err := regular.Read(d.Metrics(), 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	rows := [][]string{columns}
	for line := range strings.Lines(string(text)) {
		row := strings.Split(strings.TrimRight(line, "\r\n"), ",") // of numbers: nothing is quoted
		if _, ok := parseEpoch(row); ok {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func parseEpoch(row []string) (e Epoch, ok bool) {
	if len(row) != len(columns) {
		return e, false
	}
	values := make([]float64, len(row))
	for i, text := range row {
		var err error
		if values[i], err = strconv.ParseFloat(text, 64); err != nil && text != "" {
			return e, false
		}
	}
	e = Epoch{Epoch: int(values[0]), Step: int64(values[1]), Loss: values[2], Accuracy: values[3],
		LearningRate: values[6], ImagesPerSecond: values[7], Seconds: values[8]}
	if row[4] != "" && row[5] != "" {
		e.Validation = &Validation{values[4], values[5]}
	}
	return e, values[0] >= 1 && values[0] <= math.MaxInt32
}

// AppendEpoch adds a row to metrics.csv.
func (d Dir) AppendEpoch(e Epoch) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	row := []string{strconv.Itoa(e.Epoch), strconv.FormatInt(e.Step, 10), number(e.Loss), number(e.Accuracy), "", "",
		number(e.LearningRate), number(e.ImagesPerSecond), number(e.Seconds)}
	if v := e.Validation; v != nil {
		row[4], row[5] = number(v.Loss), number(v.Accuracy)
	}
	f, err := os.OpenFile(d.Metrics(), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	_, err = f.WriteString(strings.Join(row, ",") + "\n")
	return errors.Join(err, filesystem.Sync(f), f.Close())
}

// TruncateMetrics rewrites metrics.csv with the rows up to an epoch.
func (d Dir) TruncateMetrics(epoch int) error {
	rows, err := d.MetricsRows()
	if err != nil {
		return fmt.Errorf("open run: %w", err)
	}
	var text bytes.Buffer
	text.WriteString(strings.Join(columns, ",") + "\n")
	for _, row := range rows[min(1, len(rows)):] {
		if e, _ := parseEpoch(row); e.Epoch <= epoch {
			text.WriteString(strings.Join(row, ",") + "\n")
		}
	}
	return atomicfile.Replace(d.Metrics(), text.Bytes())
}
