package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wamuir/graft/tensorflow/op"
	"go.uber.org/goleak"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/classify"
	"alexnet/export"
	"alexnet/input"
	"alexnet/internal/testenv"
	"alexnet/tfgraph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const side = 67

var classes = []string{"daisy", "dandelion", "rose | red", "sunflower", "tulip", "löwenzahn"}

// variants are models with different graphs.
var variants = map[string]func(*alexnet.Description){
	"squash":    func(*alexnet.Description) {},
	"crop":      func(d *alexnet.Description) { d.Preprocessing = d.Network.Preprocessing(alexnet.Crop, true, classes) },
	"fast":      func(d *alexnet.Description) { d.Preprocessing.Decode = alexnet.DecodeFast },
	"as stored": func(d *alexnet.Description) { d.Preprocessing.Orientation = false },
	"owt": func(d *alexnet.Description) {
		d.Network.Arch = alexnet.OWT.Name
		d.Preprocessing = d.Network.Preprocessing(alexnet.Center, true, classes)
	},
}

var allVariants = slices.Sorted(maps.Keys(variants))

// model is a checkpoint of an untrained narrow network; the seed determines its weights.
type model struct{ export.Source }

func newModel(t testing.TB, variant string, seed uint64) model {
	t.Helper()
	network := alexnet.Config{Classes: len(classes), Size: side, BFloat16: []string{"fc7"},
		Widths: []int{8, 8, 8, 8, 8, 32, 24}}
	description := alexnet.Description{Network: network, Preprocessing: network.Preprocessing(alexnet.Squash, true, classes)}
	variants[variant](&description)
	network = description.Network
	root := op.NewScope()
	net := alexnet.Build(root, network)
	plan, err := alexnet.NewPlan(network, nil, alexnet.Selection{Train: alexnet.BVLC.LayerNames()})
	must(t, err)
	start, saver := plan.Initializer(root, net, seed), checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	must(t, err)
	session, err := tfgraph.Open(def, tfgraph.Options{})
	must(t, err)
	defer session.Close()
	ctx := context.Background()
	must(t, start(ctx, session))
	m := checkpoint.Meta{
		Name: checkpoint.Name(2, 0, 40), Step: 40, Epoch: 2, Model: description.JSON(),
		Metrics: &checkpoint.Metrics{Accuracy: 0.75, Loss: 0.5, Count: 4},
		Config:  json.RawMessage(`{"data":"photos","data_fingerprint":"cb1f"}`),
	}
	dir := checkpoint.Dir(t.TempDir())
	must(t, dir.Save(ctx, session, saver, m, 0))
	// An export is compared with a model that is float32 too.
	return model{export.Source{Prefix: dir.Prefix(m), Checkpoint: m, Description: description}.Float32()}
}

var options = export.Options{Version: "v1"}

// exported writes m into a directory of its own.
func exported(t testing.TB, m model) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model", "1")
	_, _, err := export.SavedModel(context.Background(), dir, m.Source, options)
	must(t, err)
	return dir
}

// of are the model's own probabilities for the images, by class.
func (m model) of(t testing.TB, examples []input.Example) [][]float64 {
	t.Helper()
	c, err := classify.Load(context.Background(), m.Source, classify.Options{Batch: 8})
	must(t, err)
	defer c.Close()
	var all [][]float64
	for result, err := range c.ClassifyAll(context.Background(), classify.FromExamples(examples)) {
		must(t, err)
		row := make([]float64, len(classes))
		for i, p := range result.Probabilities {
			row[i] = float64(p)
		}
		all = append(all, row)
	}
	return all
}

// stored is m without EXIF orientations.
func (m model) stored() model {
	m.Description.Preprocessing.Orientation = false
	return m
}

// testImages are generated images of every kind, and real ones if there are any.
func testImages(t testing.TB) []input.Example {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	add := func(name string, encode func(*bytes.Buffer) error) []byte {
		var buf bytes.Buffer
		must(t, encode(&buf))
		paths = append(paths, filepath.Join(dir, name))
		must(t, os.WriteFile(paths[len(paths)-1], buf.Bytes(), 0o644))
		return buf.Bytes()
	}
	wide, tall := scene(301, 200), scene(93, 141)
	redraw := func(to draw.Image) image.Image {
		draw.Draw(to, to.Bounds(), tall, image.Point{}, draw.Src)
		return to
	}
	upright := add("wide.jpg", func(b *bytes.Buffer) error { return jpeg.Encode(b, wide, nil) })
	add("gray.jpg", func(b *bytes.Buffer) error { return jpeg.Encode(b, redraw(image.NewGray(tall.Bounds())), nil) })
	add("color.png", func(b *bytes.Buffer) error { return png.Encode(b, tall) })
	add("gray.png", func(b *bytes.Buffer) error { return png.Encode(b, redraw(image.NewGray(tall.Bounds()))) })
	add("deep.png", func(b *bytes.Buffer) error { return png.Encode(b, redraw(image.NewNRGBA64(tall.Bounds()))) })
	add("still.gif", func(b *bytes.Buffer) error {
		return gif.Encode(b, redraw(image.NewPaletted(tall.Bounds(), palette.Plan9)), nil)
	})
	add("large.jpg", func(b *bytes.Buffer) error { return jpeg.Encode(b, scene(700, 640), nil) })
	for o := byte(1); o <= 8; o++ {
		add(string('0'+o)+".jpg", func(b *bytes.Buffer) error {
			b.Write(turned(upright, o))
			return nil
		})
	}
	return examples(t, append(paths, real(t)...))
}

// real are some images of the shared data, none if it is missing.
func real(t testing.TB) (paths []string) {
	shared := os.Getenv(testenv.SharedVar)
	if shared == "" {
		shared = filepath.Join(filepath.Dir(testenv.Root(t)), "shared")
	}
	for _, pattern := range []string{"data/flowers5/val/*/*0*.jpg", "data/odd-images/exif-orientation/*.jpg", "data/odd-images/pngsuite/basn*.png"} {
		found, err := filepath.Glob(filepath.Join(shared, pattern))
		must(t, err)
		paths = append(paths, found[:min(8, len(found))]...)
	}
	if len(paths) == 0 {
		t.Logf("no images in %s: generated ones alone", shared)
	}
	return paths
}

// Without the shared data the other tests use generated images alone; this test shows it.
func TestSharedImages(t *testing.T) {
	testenv.Shared(t, "data")
	if got := len(real(t)); got < 16 {
		t.Errorf("got %d images, want at least 16", got)
	}
}

func examples(t testing.TB, paths []string) []input.Example {
	t.Helper()
	all, problems := input.FindImages(paths, nil, input.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return all
}

// scene is an asymmetric image.
func scene(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(255 * x / w), uint8(x * y / 37), uint8(200 * y * y / h / h), 255})
		}
	}
	return img
}

// turned adds an EXIF orientation to a JPEG.
func turned(encoded []byte, orientation byte) []byte {
	segment := append([]byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"),
		orientation, 0, 0, 0, 0, 0, 0)
	return slices.Insert(slices.Clone(encoded), 2, segment...)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
