package caffemodel

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"alexnet/internal/caffemodel/caffepb"
	"alexnet/internal/hint"
)

// v1Types are the numbers of layer types in files of 2014, of those that decide which network it is.
var v1Types = map[int32]string{
	3: "Concat", 4: "Convolution", 5: "Data", 6: "Dropout", 14: "InnerProduct", 15: "LRN", 17: "Pooling", 18: "ReLU",
	20: "Softmax", 21: "SoftmaxWithLoss", 22: "Split", 25: "Eltwise",
}

// net reads all but the values of blobs.
func (r *reader) net(s span) (*Net, error) {
	const v1, today = 2, 100 // the fields of NetParameter that hold layers
	var net Net
	var p caffepb.Net
	form := protowire.Number(0)
	err := r.decode(s, &p, func(f field) (bool, error) {
		if f.number != v1 && f.number != today {
			return false, nil
		}
		if form != 0 && form != f.number {
			return true, malformed(f.start, "layers of one form", "layers in the forms of 2014 and of today")
		}
		form = f.number
		read := r.layer
		if form == v1 {
			read = r.v1Layer
		}
		layer, err := read(f)
		if err != nil {
			return true, fmt.Errorf("layer %d: %w", len(net.Layers)+1, err)
		}
		net.Layers = append(net.Layers, layer)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if len(net.Layers) == 0 {
		return nil, malformed(0, "a network with layers", "none in %d bytes", s.size())
	}
	net.Name = p.GetName()
	return &net, nil
}

func (r *reader) layer(f field) (Layer, error) {
	var p caffepb.Layer
	blobs, err := r.withBlobs(f, &p, 7)
	return Layer{p.GetName(), p.GetType(), p.Bottoms, p.Tops, p.Convolution, p.Lrn, p.Pooling, blobs}, err
}

func (r *reader) v1Layer(f field) (Layer, error) {
	var p caffepb.V1Layer
	blobs, err := r.withBlobs(f, &p, 6)
	if err == nil && p.V0 != nil {
		err = hint.With(malformed(f.start, "one of 2014 or later", "a layer in Caffe's format of 2013"),
			"convert the file with Caffe's upgrade_net_proto_binary")
	}
	kind, known := v1Types[p.GetType()]
	if !known {
		kind = fmt.Sprintf("type %d", p.GetType())
	}
	return Layer{p.GetName(), kind, p.Bottoms, p.Tops, p.Convolution, p.Lrn, p.Pooling, blobs}, err
}

// withBlobs reads a layer whose blobs have that field number.
func (r *reader) withBlobs(f field, layer proto.Message, number protowire.Number) (blobs []Blob, err error) {
	if err := f.isMessage(); err != nil {
		return nil, err
	}
	err = r.decode(f.value, layer, func(f field) (bool, error) {
		if f.number != number {
			return false, nil
		}
		b, err := r.blob(f)
		if err != nil {
			return true, fmt.Errorf("blob %d: %w", len(blobs)+1, err)
		}
		blobs = append(blobs, b)
		return true, nil
	})
	return blobs, err
}

// blob reads all of a blob but its values, and counts those.
func (r *reader) blob(f field) (Blob, error) {
	b := Blob{file: r.file, at: f.value}
	if err := f.isMessage(); err != nil {
		return b, err
	}
	var p caffepb.Blob
	err := r.decode(f.value, &p, func(f field) (bool, error) {
		dtype, count, err := f.values()
		if err != nil || count < 0 {
			return false, err
		}
		if b.Dtype != "" && b.Dtype != dtype {
			return true, malformed(f.start, "values of one type", "float32 and float64")
		}
		if b.packed = (span{}); b.count == 0 && f.wire == protowire.BytesType {
			b.packed = f.value
		}
		b.Dtype, b.count = dtype, b.count+count
		return true, nil
	})
	if err != nil {
		return b, err
	}
	// Before 2014 a blob had four dimensions.
	dims := p.GetShape().GetDims()
	if p.Shape == nil {
		dims = []int64{int64(p.GetNum()), int64(p.GetChannels()), int64(p.GetHeight()), int64(p.GetWidth())}
	}
	const maxDims = 32 // kMaxBlobAxes of blob.hpp
	if len(dims) > maxDims {
		return b, malformed(b.at.start, fmt.Sprintf("at most %d dimensions", maxDims), "%d", len(dims))
	}
	product := int64(1)
	for _, d := range dims {
		if d < 1 || d > b.count/product {
			return b, malformed(b.at.start, "the values of its shape", "%d for shape %v", b.count, dims)
		}
		product *= d
		b.Shape = append(b.Shape, int(d))
	}
	if product != b.count {
		return b, malformed(b.at.start, "the values of its shape", "%d for shape %v", b.count, dims)
	}
	return b, nil
}

func (f field) isMessage() error {
	if f.wire != protowire.BytesType {
		return malformed(f.start, "a message", "field %d of wire type %d", f.number, f.wire)
	}
	return nil
}
