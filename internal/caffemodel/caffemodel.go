// Package caffemodel reads the .caffemodel files in which Caffe stores networks: layers, their parameters and weights.
// Start with [Read], which returns a [Net].
//
// A file is one protobuf message, NetParameter of caffe.proto, with layers in the form of 2014 (V1) or in today's. Nearly
// all of it is weights, which generated code would hold twice, as bytes and as values. So Read walks through the fields
// of the network, its layers and their blobs in the file itself, decodes the small ones with generated code (package
// caffepb), and reads the values into their final place. Every length is compared with what remains of the message around
// it, what is decoded is limited to 4 MiB, and messages nest to a fixed depth. Arrays have Caffe's layout: convolutions
// [out, in, rows, columns], fully connected layers [out, in].
package caffemodel

import (
	"fmt"
	"io"

	"alexnet/internal/caffemodel/caffepb"
	"alexnet/internal/regular"
)

// maxMemory bounds the memory for weights: a file may be sparse, so its size is no bound.
const maxMemory = 768 << 20

// Net is a network.
type Net struct {
	Name   string
	Layers []Layer // in the order of the file, in which a layer follows those whose tops are its bottoms
}

// Layer is a layer of a network. Of its parameters only those are read that it has in one of these types.
type Layer struct {
	Name        string
	Type        string // as today's files name it, such as Convolution, InnerProduct, LRN, Pooling or ReLU
	Bottoms     []string
	Tops        []string
	Convolution *caffepb.Convolution
	LRN         *caffepb.LRN
	Pooling     *caffepb.Pooling
	Blobs       []Blob // weights, then biases
}

// Blob is an array in C order. In files of 2014 each has four dimensions.
type Blob struct {
	Shape []int
	Dtype string // in the file: float32, or float64, which is rounded
	Data  []float32

	at    span // of its message
	count int64
}

// Read reads a network with its weights. Memory use is that of the weights, at most 768 MiB, and some MiB.
func Read(path string) (*Net, error) {
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read Caffe model: %w", err)
	}
	defer f.Close()
	net, err := read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read Caffe model %q: %w", path, err)
	}
	return net, nil
}

func read(src io.ReaderAt, size int64) (*Net, error) {
	r := reader{file: src, left: maxDescription}
	net, err := r.net(span{0, size})
	if err != nil {
		return nil, err
	}
	memory := int64(0)
	for _, l := range net.Layers {
		for _, b := range l.Blobs {
			if memory += floatSize * b.count; memory > maxMemory {
				return nil, malformed(b.at.start, fmt.Sprintf("weights of at most %d bytes", maxMemory),
					"shape %v in layer %q, with which they have %d or more", b.Shape, l.Name, memory)
			}
		}
	}
	for _, l := range net.Layers {
		for i := range l.Blobs {
			if err := r.fill(&l.Blobs[i]); err != nil {
				return nil, fmt.Errorf("layer %q: %w", l.Name, err)
			}
		}
	}
	return net, nil
}

func malformed(at int64, want, got string, args ...any) error {
	return fmt.Errorf("at byte %d: got %s, want %s", at, fmt.Sprintf(got, args...), want)
}
