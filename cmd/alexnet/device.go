package main

import (
	"context"

	"github.com/spf13/pflag"

	"alexnet/classify"
	"alexnet/tfgraph"
)

// registerDevice adds the flag of every command that runs a network.
func registerDevice(f *pflag.FlagSet, d *tfgraph.Device) {
	f.TextVar(d, "device", tfgraph.AutoDevice, "`device`: cpu, a GPU such as gpu:0, or auto for the first GPU, else the CPU")
}

// sessionOptions resolves d; it logs a warning if another device is used instead.
func (a *app) sessionOptions(d tfgraph.Device) (tfgraph.Options, error) {
	use, note, err := d.Resolve()
	if note != "" {
		a.log.Warn(note)
	}
	return tfgraph.Options{Device: use}, err
}

// openModel loads a model onto a device. The caller closes it.
func (a *app) openModel(ctx context.Context, path string, d tfgraph.Device, options classify.Options) (*classify.Model, error) {
	var err error
	if options.Session, err = a.sessionOptions(d); err != nil {
		return nil, err
	}
	return classify.Open(ctx, path, options)
}
