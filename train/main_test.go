package train_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"go.uber.org/goleak"

	"alexnet/alexnet"
	"alexnet/checkpoint"
	"alexnet/eval"
	"alexnet/input"
	"alexnet/tfgraph"
	"alexnet/train"
)

func TestMain(m *testing.M) {
	enterFaults()
	goleak.VerifyTestMain(m)
}

// enterFaults puts the process under the watch of the one that started it, where
// that asks for it and the system can.
var enterFaults = func() {}

var classes = []string{"cool", "warm"}

// tiny is a network of every layer, none of them large.
var tiny = alexnet.Config{Classes: 2, Size: 67, Widths: []int{8, 8, 8, 8, 8, 16, 16}}

// studio is what the runs of a test share: the network's shape, images, and
// what decodes them.
type fixture struct {
	network       alexnet.Config
	preprocessing alexnet.Preprocessing
	decoder       *alexnet.Decoder
	train, val    []input.Example
	layers        []string // that a step changes
	cache         train.Cache
}

func newFixture(t testing.TB, trained, validated int) *fixture {
	t.Helper()
	return fixtureOf(t, testImages(t, trained+validated), trained)
}

// studioOf trains on the first of some images and validates on the rest.
func fixtureOf(t testing.TB, images []input.Example, trained int) *fixture {
	t.Helper()
	s := &fixture{network: tiny, layers: alexnet.BVLC.LayerNames(), preprocessing: tiny.Preprocessing(alexnet.Squash, true, classes)}
	s.train, s.val = images[:trained], images[trained:]
	var err error
	s.decoder, err = alexnet.NewDecoder(s.preprocessing, tfgraph.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.decoder.Close()) })
	return s
}

// images are n images, blue and red by turns under noise.
func testImages(t testing.TB, n int) []input.Example {
	t.Helper()
	dir := t.TempDir()
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 72, 70))
		for p := range 72 * 70 {
			grain := uint8(noise.IntN(100))
			c := color.RGBA{grain, grain, 150 + grain, 255}
			if i%2 == 1 {
				c.R, c.B = c.B, c.R
			}
			img.Set(p%72, p/72, c)
		}
		var buf bytes.Buffer
		must(t, jpeg.Encode(&buf, img, nil))
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)), buf.Bytes(), 0o644))
	}
	return examplesIn(t, dir)
}

// examplesIn are the images that images has drawn in a folder.
func examplesIn(t testing.TB, dir string) []input.Example {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	must(t, err)
	examples, problems := input.FindImages(paths, nil, input.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for i := range examples {
		examples[i].Label = i % 2
	}
	return examples
}

// job introduces a fresh network to a run in dir, which begins, or resumes at
// from.
func (s *fixture) job(t testing.TB, cfg train.Config, dir string, from *checkpoint.Meta) train.Job {
	t.Helper()
	root := op.NewScope()
	net := alexnet.Build(root, s.network, "fc6", "fc7")
	description := alexnet.Description{Network: s.network, Preprocessing: s.preprocessing}
	job := train.Job{
		Dir: dir, Resume: from, Cache: s.cache, Meta: checkpoint.Meta{Model: description.JSON()},
		Network: train.Network{
			Root: root, Tape: net.Tape, Variables: net.Variables, Trainable: net.VariablesOf(s.layers),
			Head:        eval.NewHead(root, net.Images, net.Logits, s.network.Classes),
			DropoutRate: net.DropoutRate, DropoutSeed: net.DropoutSeed, FeatureKey: description.FeatureKey(),
		},
		Data: train.Dataset{
			Train:   s.decoder.Loader(s.train, cfg.Batch),
			Classes: classes, Denormalize: s.preprocessing.Denormalize,
		},
	}
	job.Network.Boundary, _ = net.Boundary(s.layers)
	if len(s.val) > 0 {
		job.Data.Val = s.decoder.Loader(s.val, cfg.Batch)
	}
	if from == nil {
		plan, err := alexnet.NewPlan(s.network, nil, alexnet.Selection{Train: alexnet.BVLC.LayerNames()})
		must(t, err)
		job.Start = plan.Initializer(root, net, cfg.Seed)
	}
	return job
}

// runJob prepares a run, refuses images that cannot be decoded, and trains.
func runJob(ctx context.Context, cfg train.Config, job train.Job) (err error) {
	trainer, err := train.Prepare(ctx, cfg, job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trainer.Close()) }()
	if bad := trainer.Undecodable(); len(bad) > 0 {
		return fmt.Errorf("%d images cannot be decoded, %s first", len(bad), bad[0])
	}
	return trainer.Run(ctx, nil)
}

// hooks is an observer of functions that may be nil.
type hooks struct {
	onNote       func(string)
	onCache      func(train.CacheProgress)
	onStep       func(train.StepResult)
	onEpoch      func(train.EpochResult)
	onValidation func() eval.Observer
	onSummaries  func(context.Context, train.View) error
}

// observe gives a job's hooks.
func observe(job *train.Job) *hooks {
	if job.Observer == nil {
		job.Observer = new(hooks)
	}
	return job.Observer.(*hooks)
}

func call[T any](f func(T), v T) {
	if f != nil {
		f(v)
	}
}

func (h *hooks) Note(text string)            { call(h.onNote, text) }
func (h *hooks) Cache(p train.CacheProgress) { call(h.onCache, p) }
func (h *hooks) Step(r train.StepResult)     { call(h.onStep, r) }
func (h *hooks) Epoch(r train.EpochResult)   { call(h.onEpoch, r) }
func (h *hooks) Validation() eval.Observer {
	if h.onValidation == nil {
		return nil
	}
	return h.onValidation()
}
func (h *hooks) Summaries(ctx context.Context, v train.View) error {
	if h.onSummaries == nil {
		return nil
	}
	return h.onSummaries(ctx, v)
}

// run does a whole run in a folder of its own.
func (s *fixture) run(t testing.TB, cfg train.Config) (dir string) {
	t.Helper()
	dir = t.TempDir()
	must(t, runJob(context.Background(), cfg, s.job(t, cfg, dir, nil)))
	return dir
}

// variables are the values of the network in the checkpoint at prefix.
func (s *fixture) variables(t testing.TB, prefix string) map[string][]float32 {
	t.Helper()
	root := op.NewScope()
	net := alexnet.Build(root, s.network)
	saver := checkpoint.NewSaver(root, net.Variables)
	def, err := tfgraph.GraphDef(root)
	must(t, err)
	session, err := tfgraph.Open(def, tfgraph.Options{})
	must(t, err)
	defer session.Close()
	must(t, saver.Restore(context.Background(), session, prefix))
	values := map[string][]float32{}
	for _, v := range net.Variables {
		values[v.Name] = fetch(t, session, nil, v.Value)
	}
	return values
}

func fetch(t testing.TB, session *tfgraph.Session, feeds tfgraph.Feeds, output tf.Output) []float32 {
	t.Helper()
	out, err := session.Run(context.Background(), feeds, []tf.Output{output})
	must(t, err)
	defer tfgraph.CloseAll(out)
	return append([]float32(nil), tfgraph.Data[float32](out[0])...)
}

// newest is the checkpoint from which a run would resume.
func newest(t testing.TB, dir string) checkpoint.Meta {
	t.Helper()
	all, err := train.Checkpoints(dir).List()
	must(t, err)
	if len(all) == 0 {
		t.Fatal("got no checkpoint")
	}
	return all[len(all)-1]
}

// bundle is the data file of a run's newest checkpoint: every variable and the
// optimizer's state, byte for byte.
func bundle(t testing.TB, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(train.Checkpoints(dir).Prefix(newest(t, dir)) + ".data-00000-of-00001")
	must(t, err)
	return b
}

// metrics are the rows of metrics.csv; without the columns of speed, they are a
// pure function of the run.
func metrics(t testing.TB, dir string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "metrics.csv"))
	must(t, err)
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	must(t, err)
	for i := range rows {
		rows[i] = rows[i][:7]
	}
	return rows
}

func names(t testing.TB, dir string) (all []string) {
	t.Helper()
	list, err := train.Checkpoints(dir).List()
	must(t, err)
	for _, m := range list {
		all = append(all, m.Name)
	}
	return all
}

// severalRuns skips a test of many runs under -short, and lets it run beside others.
func severalRuns(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("trains many times; run without -short")
	}
	t.Parallel()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
