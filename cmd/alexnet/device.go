package main

import (
	"context"

	"alexnet/classify"
	"alexnet/tfgraph"
)

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
