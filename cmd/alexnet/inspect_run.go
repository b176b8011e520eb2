package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"alexnet/checkpoint"
	"alexnet/finetune"
	"alexnet/input"
	"alexnet/internal/regular"
	"alexnet/internal/rundir"
	"alexnet/train"
)

// runHistory describes a run directory or a folder of checkpoints, apart from the variables.
type runHistory struct {
	Config      json.RawMessage  `json:"config,omitempty"` // config.json
	Metrics     [][]string       `json:"metrics,omitempty"`
	Checkpoints []checkpointInfo `json:"checkpoints"`
	Excluded    []input.Excluded `json:"excluded,omitempty"`

	excludedFile string
}

// checkpointInfo describes one checkpoint of a folder.
type checkpointInfo struct {
	Name    string              `json:"name"`
	Epoch   int                 `json:"epoch"`
	Step    int64               `json:"step"`
	Saved   time.Time           `json:"saved,omitzero"`
	Metrics *checkpoint.Metrics `json:"metrics,omitempty"`
	Newest  bool                `json:"newest"`
	Best    bool                `json:"best"`
	Foreign bool                `json:"foreign,omitempty"` // written by another program
}

func readHistory(path string, dir checkpoint.Dir) (*runHistory, error) {
	h := &runHistory{Checkpoints: []checkpointInfo{}}
	text, err := regular.Read(rundir.Dir(path).Config(), 64<<20)
	if err == nil && !json.Valid(text) {
		err = fmt.Errorf("read %q: corrupt: want JSON", rundir.Dir(path).Config())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	h.Config = text
	if h.Metrics, err = train.Metrics(path); err != nil {
		return nil, err
	}
	h.excludedFile = rundir.Dir(path).Excluded()
	if h.Excluded, err = finetune.ReadExcluded(path); err != nil {
		return nil, err
	}
	return h, h.list(dir)
}

// list finds our own checkpoints, or any bundles if there are none.
func (h *runHistory) list(dir checkpoint.Dir) error {
	all, err := dir.List()
	if err != nil {
		return err
	}
	best, _ := checkpoint.Best(all)
	for i, m := range all {
		h.Checkpoints = append(h.Checkpoints, checkpointInfo{Name: m.Name, Epoch: m.Epoch, Step: m.Step, Saved: m.Saved, Metrics: m.Metrics,
			Newest: i == len(all)-1, Best: m.Name == best.Name})
	}
	if len(all) > 0 {
		return nil
	}
	newest := dir.Latest()
	for _, name := range bundles(string(dir)) {
		h.Checkpoints = append(h.Checkpoints, checkpointInfo{Name: name, Newest: name == newest, Foreign: true})
	}
	return nil
}

// shownCheckpoint is the prefix of the checkpoint whose variables are shown: the best, else the newest, else
// the first by name.
func (h *runHistory) shownCheckpoint(dir checkpoint.Dir) string {
	chosen := ""
	for _, c := range h.Checkpoints {
		if c.Best {
			return filepath.Join(string(dir), c.Name)
		}
		if c.Newest || chosen == "" {
			chosen = c.Name
		}
	}
	if chosen == "" {
		return ""
	}
	return filepath.Join(string(dir), chosen)
}
