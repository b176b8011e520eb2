package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"alexnet/internal/testmodel"
)

// allocated fails if do allocates more than a multiple of the body's size in total:
// encoding/json quotes the name of an unknown field in a growing buffer, which takes
// 40 times its length.
func allocated(t *testing.T, body int, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > uint64(1<<20+48*body) {
		t.Fatalf("allocated %d bytes for a body of %d", n, body)
	}
}

// Parsing, encoding and parsing a request again yields the same request.
func FuzzPredict(f *testing.F) {
	img := b64([]byte("JPEG"))
	for _, seed := range []string{
		`{"instances":[` + img + `]}`, `{"instances":[{"images":` + img + `,"orientations":3}],"signature_name":"oriented"}`,
		`{"inputs":[` + img + `,` + img + `]}`, `{"inputs":{"images":[` + img + `],"orientations":[8]}}`,
		`{"instances":[1,"a",null,[]]}`, `{"inputs":{"images":[[]]}}`, `{"instances":[{"b64":"@"}]}`, `[[[[`, `{"a":1e999}`,
	} {
		f.Add([]byte(seed))
	}
	long := strings.Repeat("\x7f", 1<<20) // longer when quoted
	for _, seed := range []string{
		`{"` + long + `":1}`, `{"inputs":{"` + long + `":1}}`, `{"instances":[{"` + long + `":1}]}`,
		`{"signature_name":"` + long + `","inputs":[` + img + `]}`, `{"instances":[{"orientations":` + strings.Repeat("9", 1<<20) + `}]}`,
		`{"instances":[{"images":` + img + `}],"signature_name":"` + long + `"}`, `{"inputs":[{"b64":"` + strings.Repeat("AAAA", 1<<18) + `"}]}`,
		strings.Repeat("[", 1<<20), `{"instances":[{` + strings.Repeat(`"b64":"",`, 1<<17) + `"b64":""}]}`,
	} {
		f.Add([]byte(seed))
	}
	const most = 4
	f.Fuzz(func(t *testing.T, body []byte) {
		var request predictRequest
		var err error
		allocated(t, len(body), func() {
			if request, err = parsePredict(body, most); err == nil {
				_, err = request.requestImages()
			}
			answerJSON(httptest.NewRecorder(), 200, fmt.Sprint(err))
		})
		if err != nil && len(err.Error()) > 1000 {
			t.Fatalf("got an error of %d bytes", len(err.Error()))
		}
		if request, err = parsePredict(body, most); err != nil {
			if status := statusOf(err); status != 400 && status != 413 {
				t.Fatalf("got status %d of %v", status, err)
			}
			return
		}
		if len(request.images) > most || len(request.orientations) > most {
			t.Fatalf("got %d images and %d orientations, want at most %d", len(request.images), len(request.orientations), most)
		}
		if _, err := request.requestImages(); err != nil {
			return
		}
		again, err := parsePredict(encodeRequest(t, request), most)
		if err != nil {
			t.Fatalf("again: %v", err)
		}
		if len(again.images) != len(request.images) || len(again.orientations) != len(request.orientations) {
			t.Fatalf("again: got %v, want %v", again, request)
		}
		for i := range again.images {
			if !bytes.Equal(again.images[i], request.images[i]) {
				t.Fatalf("again: image %d: got %q, want %q", i, again.images[i], request.images[i])
			}
		}
	})
}

func encodeRequest(t *testing.T, p predictRequest) []byte {
	inputs := map[string]any{}
	images := []map[string][]byte{}
	for _, i := range p.images {
		images = append(images, map[string][]byte{"b64": i})
	}
	inputs["images"] = images
	if p.orientations != nil {
		inputs["orientations"] = p.orientations
	}
	text, err := json.Marshal(map[string]any{"inputs": inputs, "signature_name": p.signature})
	must(t, err)
	return text
}

func FuzzForm(f *testing.F) {
	kind, body := form(f, testmodel.JPEG(0)[:30], []byte("b"))
	boundary := kind[len("multipart/form-data; boundary="):]
	f.Add(boundary, body.Bytes())
	f.Add("b", []byte("--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nx\r\n--b--"))
	f.Add("b", []byte("--b\r\n\r\n--b\n\n--b--"))
	long := bytes.Repeat([]byte{0x7f}, 1<<20)
	for _, seed := range [][]byte{
		slices.Concat([]byte("--b\r\nContent-Disposition: form-data; filename=a\r\n\r\n"), long, []byte("\r\n--b--")),
		slices.Concat([]byte("--b\r\n"), long, []byte(": x\r\n\r\nx\r\n--b--")),
		slices.Concat([]byte("--b\r\nContent-Disposition: form-data; filename=\""), long, []byte("\"\r\n\r\nx\r\n--b--")),
		bytes.Repeat([]byte("--b\r\nA:\r\nA:\r\n\r\n\r\n"), 1<<15),
	} {
		f.Add("b", seed)
	}
	const most = 3
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		var names []string
		var images []requestImage
		var err error
		allocated(t, len(body)+len(boundary), func() { names, images, err = parseForm(body, boundary, most) })
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Fatalf("got an error of %d bytes", len(err.Error()))
			}
			if status := statusOf(err); status != 400 && status != 413 {
				t.Fatalf("got status %d of %v", status, err)
			}
			return
		}
		if len(images) == 0 || len(images) > most || len(names) != len(images) {
			t.Fatalf("got %d names and %d files, want 1 to %d", len(names), len(images), most)
		}
	})
}
