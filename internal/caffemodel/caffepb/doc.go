// Package caffepb declares the messages of Caffe's model files. Start with [Net].
package caffepb

//go:generate ./generate
