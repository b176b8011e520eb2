package serve

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"alexnet/classify"
	"alexnet/internal/testmodel"
)

// An image body is classified upright, whatever its content type.
func TestClassifyImage(t *testing.T) {
	s, url := startServer(t, Config{})
	want := classifyAlone(t, s, classify.FromBytes(testmodel.Turned(3, 6)))
	want.Probabilities = nil
	for _, kind := range []string{"", "image/jpeg", "application/x-www-form-urlencoded", "text/plain; charset=utf-8", "multipart/mixed", ";;"} {
		var got classify.Result
		send(t, http.MethodPost, url+"/classify", kind, bytes.NewReader(testmodel.Turned(3, 6))).want(t, 200).read(t, &got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("type %q: got %+v, want %+v", kind, got, want)
		}
	}
}

// A form's files have results or errors in order.
func TestClassifyForm(t *testing.T) {
	s, url := startServer(t, Config{MaxImages: 4})
	kind, body := form(t, testmodel.JPEG(0), []byte("no image"), testmodel.Turned(3, 8))
	var got struct{ Images []fileResult }
	send(t, http.MethodPost, url+"/classify", kind, body).want(t, 200).read(t, &got)
	if len(got.Images) != 3 {
		t.Fatalf("got %d answers, want 3", len(got.Images))
	}
	for i, want := range map[int]classify.Result{
		0: classifyAlone(t, s, classify.FromBytes(testmodel.JPEG(0))), 2: classifyAlone(t, s, classify.FromBytes(testmodel.Turned(3, 8))),
	} {
		g := got.Images[i]
		if g.Error != "" || g.Result == nil || g.Class != want.Class || !near(g.Probability, want.Probability) || len(g.Top) != len(classes) {
			t.Errorf("image %d: got %+v, want %+v", i, g, want)
		}
	}
	if g := got.Images[1]; g.Name != "1.jpg" || g.Result != nil || !strings.Contains(g.Error, "text") {
		t.Errorf("no image: got %+v, want its name and an error", g)
	}
}

func TestClassifyRejects(t *testing.T) {
	_, url := startServer(t, Config{MaxImages: 2, MaxBody: 50_000, MaxPixels: 4800})
	full, fullBody := form(t, testmodel.JPEG(0), testmodel.JPEG(1), testmodel.JPEG(2))
	none, noneBody := form(t)
	half, halfBody := form(t, testmodel.JPEG(0))
	for name, c := range map[string]struct {
		kind   string
		body   []byte
		status int
	}{
		"nothing":         {"", nil, 400},
		"no image":        {"", []byte("hello"), 415},
		"half an image":   {"", testmodel.JPEG(0)[:700], 400},
		"too many bytes":  {"", bytes.Repeat([]byte{0xff}, 60_000), 413},
		"too many pixels": {"", encoded(png.Encode, image.NewGray(image.Rect(0, 0, 100, 100))), 413},
		"too many files":  {full, fullBody.Bytes(), 413},
		"no files":        {none, noneBody.Bytes(), 400},
		"no boundary":     {"multipart/form-data", halfBody.Bytes(), 400},
		"wrong boundary":  {"multipart/form-data; boundary=x", halfBody.Bytes(), 400},
		"a form cut off":  {half, halfBody.Bytes()[:400], 400},
	} {
		t.Run(name, func(t *testing.T) {
			send(t, http.MethodPost, url+"/classify", c.kind, bytes.NewReader(c.body)).want(t, c.status)
		})
	}
	if got := send(t, http.MethodGet, url+"/classify", "", nil).want(t, 405); got.header.Get("Allow") != "POST" {
		t.Errorf("got Allow %q, want POST", got.header.Get("Allow"))
	}
}
