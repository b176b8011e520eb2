// Package caffemodel reads the .caffemodel files in which Caffe stores networks: layers, their parameters and weights.
// Start with [Open], which returns a [Net].
//
// A file is one protobuf message, NetParameter of caffe.proto, with layers in the form of 2014 (V1) or in today's. Nearly
// all of it is weights, which generated code would hold twice, as bytes and as values. So Open walks through the fields
// of the network, its layers and their blobs in the file itself, decodes the small ones with generated code (package
// caffepb), and leaves the values in the file. Every length is compared with what remains of the message around
// it, what is decoded is limited to 4 MiB, and messages nest to a fixed depth. Arrays have Caffe's layout: convolutions
// [out, in, rows, columns], fully connected layers [out, in].
package caffemodel

import (
	"fmt"
	"io"

	"alexnet/internal/caffemodel/caffepb"
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

// Blob is an array in C order, whose values are in the file. In files of 2014 each has four dimensions.
type Blob struct {
	Shape []int
	Dtype string // in the file: float32, or float64, which is rounded

	file   io.ReaderAt
	at     span // of its message
	packed span // of the values, if they are in one field
	count  int64
}

// Open reads a network without its values, some MiB at most, from a file of size bytes. [Blob.Values] reads those; src
// stays in use until then.
func Open(src io.ReaderAt, size int64) (*Net, error) {
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
	return net, nil
}

// Section is the bytes of the values, little-endian in the type Dtype, if they follow each other in the file, as Caffe
// writes them; else nil.
func (b Blob) Section() *io.SectionReader {
	if b.packed.size() == 0 {
		return nil
	}
	return io.NewSectionReader(b.file, b.packed.start, b.packed.size())
}

// Values reads the values, which the caller owns.
func (b Blob) Values() ([]float32, error) {
	r := reader{file: b.file}
	return r.values(b)
}

func malformed(at int64, want, got string, args ...any) error {
	return fmt.Errorf("at byte %d: got %s, want %s", at, fmt.Sprintf(got, args...), want)
}
