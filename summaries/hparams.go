package summaries

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// HParam is a hyperparameter of a run: a string, bool, int or float64.
type HParam struct {
	Name   string
	Value  any
	Column bool // shown as a column by default
}

// HParams adds the run's hyperparameters for TensorBoard's HParams page, which compares runs in a table with a column
// per hyperparameter and per metric. Metrics are tags of scalars. The page takes its columns from one of the runs, so
// all runs should have the same. The run has the status running until [Writer.HParamsEnd].
func (w *Writer) HParams(settings []HParam, metrics ...string) error {
	var experiment, session []byte
	now := seconds(w.clock())
	for _, h := range settings {
		value, kind, err := h.value()
		if err != nil {
			return fmt.Errorf("write hyperparameter %q: %w", h.Name, err)
		}
		session = appendBytes(session, 1, appendBytes(appendBytes(nil, 1, []byte(h.Name)), 2, value)) // hparams, a map
		info := appendBytes(nil, 1, []byte(h.Name))
		info = protowire.AppendVarint(protowire.AppendTag(info, 4, protowire.VarintType), kind) // type
		if h.Column {
			info = protowire.AppendVarint(protowire.AppendTag(info, 7, protowire.VarintType), 1) // differs, which sorts it first
		}
		experiment = appendBytes(experiment, 4, info) // hparam_infos
	}
	for _, tag := range metrics {
		name := appendBytes(nil, 2, []byte(tag))
		experiment = appendBytes(experiment, 5, appendBytes(nil, 1, name)) // metric_infos
	}
	experiment = appendDouble(experiment, 3, now) // time_created_secs
	session = appendDouble(session, 5, now)       // start_time_secs
	return errors.Join(
		w.hparams(0, "_hparams_/experiment", 2, experiment),
		w.hparams(0, "_hparams_/session_start_info", 3, session))
}

// HParamsEnd marks the run as successful at the given step.
func (w *Writer) HParamsEnd(step int64) error {
	const success = 1
	end := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), success)
	return w.hparams(step, "_hparams_/session_end_info", 4, appendDouble(end, 2, seconds(w.clock())))
}

// hparams adds one field of an HParamsPluginData (tensorboard/plugins/hparams/plugin_data.proto). The data is in the
// tag's metadata; the tensor is empty.
func (w *Writer) hparams(step int64, tag string, field protowire.Number, message []byte) error {
	return w.addValues("hyperparameters", step, tensorOf(tag, "hparams", appendBytes(nil, field, message), floats(nil, 0)))
}

// value returns a serialized google.protobuf.Value and the plugin's type number.
func (h HParam) value() (value []byte, kind uint64, err error) {
	const text, boolean, number = 1, 2, 3
	var v *structpb.Value
	switch x := h.Value.(type) {
	case string:
		v, kind = structpb.NewStringValue(x), text
	case bool:
		v, kind = structpb.NewBoolValue(x), boolean
	case int:
		v, kind = structpb.NewNumberValue(float64(x)), number
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, 0, fmt.Errorf("got %v, want a finite number", x)
		}
		v, kind = structpb.NewNumberValue(x), number
	default:
		return nil, 0, fmt.Errorf("got a %T, want a string, bool, int or float64", h.Value)
	}
	value, err = proto.Marshal(v)
	return value, kind, err
}

func appendBytes(message []byte, field protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, field, protowire.BytesType), value)
}

func appendDouble(message []byte, field protowire.Number, value float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(message, field, protowire.Fixed64Type), math.Float64bits(value))
}
