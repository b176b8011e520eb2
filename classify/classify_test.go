package classify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"alexnet/classify"
	"alexnet/input"
	"alexnet/internal/regular"
	"alexnet/internal/testmodel"
	"alexnet/tfgraph"
)

// The same image gives the same bits from every kind of source, alone, and in each batch of the same images.
func TestSourcesAgree(t *testing.T) {
	m := opened(t, classify.Options{Batch: 4})
	examples := labeled(t, 7)
	fromExamples := slices.Collect(classify.FromExamples(examples))
	var fromFiles []classify.Image
	for i, ex := range examples {
		want, err := m.Classify(context.Background(), classify.FromFile(ex.Path))
		must(t, err)
		checkResult(t, ex.Path, want)
		encoded, err := os.ReadFile(ex.Path)
		must(t, err)
		prepared, err := m.Prepare(context.Background(), classify.FromBytes(encoded))
		must(t, err)
		for name, p := range map[string]classify.Image{
			"example": fromExamples[i], "bytes": classify.FromBytes(encoded), "reader": classify.FromReader(bytes.NewReader(encoded)), "prepared": prepared,
		} {
			got, err := m.Classify(context.Background(), p)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s from %s: got %+v, %v, want %+v", ex.Path, name, got, err, want)
			}
		}
		fromFiles = append(fromFiles, classify.FromFile(ex.Path))
	}
	all := func(images []classify.Image) (results []classify.Result) {
		for r, err := range m.ClassifyAll(context.Background(), slices.Values(images)) {
			must(t, err)
			results = append(results, r)
		}
		return results
	}
	if got, want := all(fromExamples), all(fromFiles); !reflect.DeepEqual(got, want) || len(got) != len(examples) {
		t.Errorf("in batches: got %+v, want %+v", got, want)
	}
}

func checkResult(t *testing.T, name string, r classify.Result) {
	t.Helper()
	for i, ranked := range r.Top {
		if label := slices.Index(classes, ranked.Class); float64(r.Probabilities[label]) != ranked.Probability || i > 0 && ranked.Probability > r.Top[i-1].Probability {
			t.Errorf("%s: got %+v, want the probabilities %v in falling order", name, r.Top, r.Probabilities)
		}
	}
	if len(r.Top) != len(classes) || r.Class != r.Top[0].Class || r.Probability != r.Top[0].Probability {
		t.Errorf("%s: got %+v, want the first of its top %d", name, r, len(classes))
	}
}

func TestOriented(t *testing.T) {
	m := opened(t, classify.Options{})
	ctx := context.Background()
	of := func(p classify.Image) []float32 {
		t.Helper()
		r, err := m.Classify(ctx, p)
		must(t, err)
		return r.Probabilities
	}
	plain, turned := classify.FromBytes(testmodel.JPEG(3)), classify.FromBytes(testmodel.Turned(3, 6))
	if slices.Equal(of(plain), of(turned)) {
		t.Error("got the same for an image and its rotated copy, want the EXIF orientation applied")
	}
	if !slices.Equal(of(plain.Oriented(6)), of(turned)) {
		t.Error("got another result for an orientation given than for the same one read")
	}
	if !slices.Equal(of(turned.Oriented(1)), of(plain)) {
		t.Error("got a different result for a rotated image as stored than for the original")
	}
	if !reflect.DeepEqual(m.Classes(), classes) {
		t.Errorf("got classes %v, want %v", m.Classes(), classes)
	}
}

func TestRefusals(t *testing.T) {
	m := opened(t, classify.Options{Limits: input.Limits{MaxBytes: 5000, MaxPixels: 6000}})
	other := opened(t, classify.Options{})
	foreign, err := other.Prepare(context.Background(), classify.FromBytes(testmodel.JPEG(0)))
	must(t, err)
	whole := testmodel.JPEG(0)
	large := bytes.Repeat([]byte{0}, 6000)
	broken := errors.New("the line broke")
	for name, c := range map[string]struct {
		image  classify.Image
		reason error // nil for any
		words  string
	}{
		"nothing":                {classify.FromBytes(nil), input.ErrEmpty, ""},
		"text":                   {classify.FromBytes([]byte("hello")), input.ErrFormat, "text"},
		"half an image":          {classify.FromBytes(whole[:len(whole)/2]), input.ErrDamaged, "JPEG"},
		"too many bytes":         {classify.FromReader(bytes.NewReader(append(whole, large...))), input.ErrTooLarge, "5000"},
		"too many pixels":        {classify.FromImage(blank(80, 80)), input.ErrTooLarge, "80x80"},
		"endless image":          {classify.FromImage(uniform), input.ErrTooLarge, ""},
		"empty image":            {classify.FromImage(blank(0, 9)), input.ErrEmpty, ""},
		"nil image":              {classify.FromImage(nil), nil, "nil image"},
		"no file":                {classify.FromFile("missing.jpg"), fs.ErrNotExist, "missing.jpg"},
		"a folder":               {classify.FromFile(os.TempDir()), regular.Err, "folder"},
		"zero value":             {classify.Image{}, nil, "no image"},
		"a broken reader":        {classify.FromReader(io.MultiReader(bytes.NewReader(whole), fails{broken})), broken, ""},
		"no orientation":         {classify.FromBytes(whole).Oriented(9), nil, "orientation 9"},
		"image of another model": {foreign, nil, "another model"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := m.Classify(context.Background(), c.image)
			var refused *input.Error
			if !errors.As(err, &refused) || c.reason != nil && !errors.Is(err, c.reason) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want an *input.Error of %v with %q", err, c.reason, c.words)
			}
		})
	}
}

type fails struct{ error }

func (f fails) Read([]byte) (int, error) { return 0, f.error }

// An image that cannot be read has its error at its position.
func TestClassifyAllContinuesAfterAnError(t *testing.T) {
	m := opened(t, classify.Options{Batch: 2})
	var good, bad []int
	i := 0
	images := []classify.Image{classify.FromBytes(testmodel.JPEG(0)), classify.FromBytes(nil), classify.FromFile("missing"), classify.FromBytes(testmodel.JPEG(1)), classify.FromBytes(testmodel.JPEG(2))}
	for r, err := range m.ClassifyAll(context.Background(), slices.Values(images)) {
		if err == nil && r.Class != "" {
			good = append(good, i)
		} else if errors.As(err, new(*input.Error)) && r.Class == "" {
			bad = append(bad, i)
		}
		i++
	}
	if !slices.Equal(good, []int{0, 3, 4}) || !slices.Equal(bad, []int{1, 2}) {
		t.Errorf("got results of %v and errors of %v, want of 0, 3, 4 and of 1, 2", good, bad)
	}
}

// A loop that ends early takes no more images than its batch, and a context that
// has ended stops everything with its error.
func TestClassifyAllEnds(t *testing.T) {
	m := opened(t, classify.Options{Batch: 2})
	taken := 0
	endless := func(yield func(classify.Image) bool) {
		for taken++; yield(classify.FromBytes(testmodel.JPEG(0))); taken++ {
		}
	}
	for range m.ClassifyAll(context.Background(), endless) {
		break
	}
	if taken != 2 {
		t.Errorf("got %d images taken, want 2", taken)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	count := 0
	for _, err := range m.ClassifyAll(ctx, endless) {
		count++
		if !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: got %v, want %v", err, context.Canceled)
		}
	}
	if count != 1 {
		t.Errorf("canceled: got %d results, want 1 error", count)
	}
	for range m.ClassifyAll(context.Background(), slices.Values[[]classify.Image](nil)) {
		t.Error("got a result without images")
	}
}

// Many goroutines get what one gets, while the model is closed under some.
func TestConcurrently(t *testing.T) {
	m := opened(t, classify.Options{})
	var want [6]classify.Result
	for i := range want {
		r, err := m.Classify(context.Background(), classify.FromBytes(testmodel.JPEG(i)))
		must(t, err)
		want[i] = r
	}
	doomed := opened(t, classify.Options{})
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for k := range 12 {
				i := (k + worker) % len(want)
				got, err := m.Classify(context.Background(), classify.FromBytes(testmodel.JPEG(i)))
				if err != nil || !reflect.DeepEqual(got, want[i]) {
					t.Errorf("image %d: got %v and %v, want %v", i, got, err, want[i])
				}
				if _, err := doomed.Classify(context.Background(), classify.FromBytes(testmodel.JPEG(i))); err != nil && !errors.Is(err, tfgraph.ErrClosed) {
					t.Errorf("closed under way: got %v, want %v or nothing", err, tfgraph.ErrClosed)
				}
			}
		})
	}
	wg.Go(func() { doomed.Close() })
	wg.Wait()
	if _, err := doomed.Classify(context.Background(), classify.FromBytes(nil)); !errors.Is(err, tfgraph.ErrClosed) {
		t.Errorf("closed: got %v, want %v", err, tfgraph.ErrClosed)
	}
	for _, err := range doomed.ClassifyAll(context.Background(), slices.Values([]classify.Image{{}})) {
		if !errors.Is(err, tfgraph.ErrClosed) {
			t.Errorf("closed: got %v, want %v", err, tfgraph.ErrClosed)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		path    string
		options classify.Options
	}{
		"missing":     {"missing", classify.Options{}},
		"empty":       {t.TempDir(), classify.Options{}},
		"bad batch":   {run, classify.Options{Batch: -1}},
		"bad limit":   {run, classify.Options{Limits: input.Limits{MaxPixels: -1}}},
		"a mere file": {files(t, 1)[0], classify.Options{}},
	} {
		if m, err := classify.Open(context.Background(), c.path, c.options); err == nil {
			m.Close()
			t.Errorf("%s: got no error", name)
		}
	}
}
