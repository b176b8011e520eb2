package export

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wamuir/graft/tensorflow/op"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/internal/atomicfile"
	"alexnet/internal/bundle"
	"alexnet/internal/weights"
	"alexnet/tfgraph"
)

// Weights writes the network's variables to the file at path, whose extension selects the format: .npy for the
// dictionary of bvlc_alexnet.npy, .npz for plain arrays, .safetensors for PyTorch's tensors, which for OWT have the names of
// torchvision's alexnet.
func Weights(path string, s Source) error {
	layers, err := readLayers(s)
	if err == nil {
		err = atomicfile.Publish(path, func(tmp string) error {
			if err := writeWeights(tmp, s, layers); err != nil {
				return err
			}
			return compareWeights(tmp, layers)
		})
	}
	if err != nil {
		return fmt.Errorf("write weights %q: %w", path, err)
	}
	return nil
}

func writeWeights(path string, s Source, layers []weights.Layer) error {
	if filepath.Ext(path) != ".safetensors" {
		return weights.Write(path, layers...)
	}
	p := s.Description.Preprocessing
	return weights.WriteTorch(path, s.Description.Network.Architecture().ModuleNames(), map[string]string{
		"classes": strings.Join(p.Classes, "\n"), "preprocessing": p.Normalization(), "channels": string(p.Channels), "checkpoint": s.Checkpoint.Name,
	}, layers...)
}

// readLayers reads the network's variables, verifying their checksums and shapes.
func readLayers(s Source) ([]weights.Layer, error) {
	r, err := bundle.Open(s.Prefix)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	read := func(name string, shape []int64) (*weights.Array, error) {
		a, count := new(weights.Array), int64(1)
		for _, d := range shape {
			a.Shape, count = append(a.Shape, int(d)), count*d
		}
		a.Data = make([]float32, count)
		return a, r.Read(name, a.Data)
	}
	var layers []weights.Layer
	for _, l := range s.Description.Network.Layers() {
		layer := weights.Layer{Name: l.Name}
		if layer.Weights, err = read(l.Name+"/weights", l.Weights); err != nil {
			return nil, err
		}
		if layer.Biases, err = read(l.Name+"/biases", l.Biases); err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	return layers, nil
}

// compareWeights reads the file back and compares it bit by bit.
func compareWeights(path string, want []weights.Layer) error {
	file, err := weights.Open(path)
	if err != nil {
		return err
	}
	for _, l := range want {
		weights, biases, ok := file.Lookup(l.Name)
		if !ok || !sameArray(weights, l.Weights) || !sameArray(biases, l.Biases) {
			return fmt.Errorf("compare with the source: layer %q differs", l.Name)
		}
	}
	return nil
}

func sameArray(a, b *weights.Array) bool {
	return a != nil && slices.Equal(a.Shape, b.Shape) && sameBits(a.Data, b.Data)
}

// sameBits is equality in which NaN equals NaN of the same bits.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// Checkpoint writes the network's variables, without the optimizer state, as the only checkpoint of the directory dir,
// which must not exist or be empty.
func Checkpoint(ctx context.Context, dir string, s Source) error {
	err := atomicfile.Publish(dir, func(tmp string) error {
		if err := os.Mkdir(tmp, 0o777); err != nil {
			return err
		}
		return writeCheckpoint(ctx, checkpoint.Dir(tmp), s)
	})
	if err != nil {
		return fmt.Errorf("write checkpoint to %q: %w", dir, err)
	}
	return nil
}

func writeCheckpoint(ctx context.Context, dir checkpoint.Dir, s Source) (err error) {
	root := op.NewScope()
	net := alexnet.Build(root, s.Description.Network)
	saver := checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	if err != nil {
		return err
	}
	session, err := tfgraph.Open(def, onCPU)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if err := saver.Restore(ctx, session, s.Prefix); err != nil {
		return err
	}
	const keepAll = 0
	if err := dir.Save(ctx, session, saver, s.Checkpoint, keepAll); err != nil {
		return err
	}
	want, err := checkpoint.Load(ctx, s.Prefix, net.Variables)
	if err != nil {
		return err
	}
	defer want.Close()
	got, err := checkpoint.Load(ctx, dir.Prefix(s.Checkpoint), net.Variables)
	if err != nil {
		return err
	}
	defer got.Close()
	for _, v := range net.Variables {
		if !sameBits(tfgraph.Data[float32](got[v.Value]), tfgraph.Data[float32](want[v.Value])) {
			return fmt.Errorf("compare with the source: variable %q differs", v.Name)
		}
	}
	return nil
}
