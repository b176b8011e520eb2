package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"alexnet/alexnet"
)

// job is one program's complete training run.
type job struct {
	name    string
	command []string
	batch   int
	parse   func(line string) (epoch int, accuracy float64, ok bool)
}

// outcome is the result of a job.
type outcome struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	Batch   int      `json:"batch"`
	Points  []point  `json:"points"`   // epoch 0 and each completed epoch
	Seconds float64  `json:"seconds"`  // until the program ended
	Peak    float64  `json:"peak_mib"` // largest resident memory
}

// point is the state of a job after an epoch and its validation; epoch 0 is the state before the first step.
type point struct {
	Epoch    int     `json:"epoch"`
	Seconds  float64 `json:"seconds"` // since the program was started
	Accuracy float64 `json:"accuracy,omitempty"`
	Peak     float64 `json:"peak_mib"` // largest resident memory so far
}

// run runs the program to its end and parses its output.
func (j job) run(ctx context.Context) (*outcome, error) {
	p, err := start(ctx, j.command)
	if err != nil {
		return nil, err
	}
	o := &outcome{Name: j.name, Command: j.command, Batch: j.batch}
	for p.out.Scan() {
		if epoch, accuracy, ok := j.parse(p.out.Text()); ok {
			o.Points = append(o.Points, point{epoch, time.Since(p.began).Seconds(), accuracy, p.resident()})
		}
	}
	if err := p.wait(); err != nil {
		return nil, err
	}
	o.Seconds, o.Peak = time.Since(p.began).Seconds(), p.peak()
	if len(o.Points) < 2 || o.Points[0].Epoch != 0 {
		return nil, fmt.Errorf("run %s: got %d epoch lines, want one before the first epoch and one after each", j.name, len(o.Points))
	}
	return o, nil
}

// ours is a job of this program.
func ours(s settings, t task, name string, flags ...string) job {
	command := []string{s.Program, "train", t.Images, "--weights", t.Weights, "--out", filepath.Join(t.Dir, "run"),
		"--batch", strconv.Itoa(t.Batch), "--epochs", strconv.Itoa(t.Epochs), "--lr", fmt.Sprint(t.Rate),
		"--seed", fmt.Sprint(t.Seed), "--train-layers", strings.Join(t.Network.Architecture().DefaultTrainable(true), ","), "--keep", "1"}
	defaults := alexnet.Config{}.WithDefaults()
	if t.Network.Size != defaults.Size {
		command = append(command, "--size", strconv.Itoa(t.Network.Size))
	}
	if w := t.Network.Widths; !slices.Equal(w, defaults.Widths) {
		command = append(command, "--widths", strings.Trim(strings.ReplaceAll(fmt.Sprint(w), " ", ","), "[]"))
	}
	return job{name: name, command: append(command, flags...), batch: t.Batch, parse: epochLine}
}

var epochPattern = regexp.MustCompile(`^epoch (\d+)/\d+ .*validation loss \S+ +accuracy (\S+)`)

// epochLine parses a line that `alexnet train` prints for an epoch.
func epochLine(line string) (epoch int, accuracy float64, ok bool) {
	m := epochPattern.FindStringSubmatch(line)
	if m == nil {
		return 0, 0, false
	}
	epoch, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, 0, false
	}
	accuracy, err = strconv.ParseFloat(m[2], 64)
	return epoch, accuracy, err == nil
}

// peer is a job of a program in peers/.
func peer(name, python, script string, t task) (job, error) {
	file, err := t.file()
	command := []string{python, filepath.Join("cmd", "bench", "peers", script), file}
	return job{name: name, command: command, batch: t.Batch, parse: peerLine}, err
}

// peerLine parses a line that task.py's report prints.
func peerLine(line string) (epoch int, accuracy float64, ok bool) {
	var said struct {
		Epoch    *int    `json:"epoch"`
		Accuracy float64 `json:"accuracy"`
	}
	if json.Unmarshal([]byte(line), &said) != nil || said.Epoch == nil {
		return 0, 0, false
	}
	return *said.Epoch, said.Accuracy, true
}
