package main

import (
	"context"

	"github.com/spf13/pflag"

	"alexnet/eval"
	"alexnet/tfgraph"
)

// registerDevice is the flag of every verb that computes a network.
func registerDevice(f *pflag.FlagSet, d *tfgraph.Device) {
	f.TextVar(d, "device", tfgraph.AutoDevice, "the `device` to compute on: cpu, a GPU as in gpu:0, or auto for the first GPU or else the CPU")
}

// on gives the options of a session on d, and says so where it is another.
func (a *app) sessionOptions(d tfgraph.Device) (tfgraph.Options, error) {
	use, note, err := d.Resolve()
	if note != "" {
		a.log.Warn(note)
	}
	return tfgraph.Options{Device: use}, err
}

// open loads a run's model onto a device. The caller closes it.
func (a *app) openModel(ctx context.Context, path string, d tfgraph.Device) (*eval.Classifier, error) {
	options, err := a.sessionOptions(d)
	if err != nil {
		return nil, err
	}
	return eval.Open(ctx, path, options)
}
