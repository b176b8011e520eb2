package weights

import (
	"io"
	"slices"

	"alexnet/internal/caffemodel"
	"alexnet/internal/tensorfile"
)

// readCaffe reads the convolutions and fully connected layers of a Caffe model, which read images in BGR.
func readCaffe(src io.ReaderAt, size int64) (*tensorfile.File, error) {
	net, err := caffemodel.Open(src, size)
	if err != nil {
		return nil, err
	}
	if poolsFirst(net) {
		return nil, foreign("CaffeNet, which pools before it normalizes", "use the weights of bvlc_alexnet")
	}
	found := &tensorfile.File{Format: "Caffe model", OutFirst: true, Channels: string(BGR)}
	for _, l := range net.Layers {
		for i, blob := range l.Blobs {
			name := l.Name + "/" + [...]string{"weights", "biases"}[min(i, 1)]
			rank := map[string]int{"Convolution": 4, "InnerProduct": 2}[l.Type]
			if i == 1 {
				rank = min(rank, 1)
			}
			shape, ok := squeeze(blob.Shape, rank)
			if rank == 0 || i > 1 || !ok {
				found.Skip(name)
				continue
			}
			data := &tensorfile.Data{Shape: shape, Type: tensorfile.Type{Code: tensorfile.FloatType(blob.Dtype)}, Values: blob.Values}
			if section := blob.Section(); section != nil {
				data.Values, data.Open = nil, func() (io.ReadCloser, error) { return io.NopCloser(section), nil }
			}
			found.Tensors = append(found.Tensors, &tensorfile.Tensor{Name: name, Data: data})
		}
	}
	return found, nil
}

// squeeze removes the leading ones that blobs of 2014 have beyond the rank.
func squeeze(shape []int, rank int) ([]int, bool) {
	extra := len(shape) - rank
	if extra < 0 || slices.ContainsFunc(shape[:extra], func(d int) bool { return d != 1 }) {
		return nil, false
	}
	return shape[extra:], true
}

// poolsFirst reports whether the network has CaffeNet's order: its weights have AlexNet's shapes.
func poolsFirst(net *caffemodel.Net) bool {
	first := func(kind string) int {
		return slices.IndexFunc(net.Layers, func(l caffemodel.Layer) bool { return l.Type == kind })
	}
	pool, norm := first("Pooling"), first("LRN")
	return pool >= 0 && norm >= 0 && pool < norm
}
