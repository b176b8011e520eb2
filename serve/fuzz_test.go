package serve

import (
	"bytes"
	"encoding/json"
	"testing"

	"alexnet/specimen"
)

// Whatever is read as a request says the same when it is written again.
func FuzzPredict(f *testing.F) {
	picture := b64([]byte("JPEG"))
	for _, seed := range []string{
		`{"instances":[` + picture + `]}`, `{"instances":[{"images":` + picture + `,"orientations":3}],"signature_name":"oriented"}`,
		`{"inputs":[` + picture + `,` + picture + `]}`, `{"inputs":{"images":[` + picture + `],"orientations":[8]}}`,
		`{"instances":[1,"a",null,[]]}`, `{"inputs":{"images":[[]]}}`, `{"instances":[{"b64":"@"}]}`, `[[[[`, `{"a":1e999}`,
	} {
		f.Add([]byte(seed))
	}
	const most = 4
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := parsePredict(body, most)
		if err != nil {
			if status := statusOf(err); status != 400 && status != 413 {
				t.Fatalf("got status %d of %v", status, err)
			}
			return
		}
		if len(request.images) > most || len(request.orientations) > most {
			t.Fatalf("got %d images and %d orientations, want at most %d", len(request.images), len(request.orientations), most)
		}
		if _, err := request.pictures(); err != nil {
			return
		}
		again, err := parsePredict(written(t, request), most)
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

func written(t *testing.T, p predictRequest) []byte {
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
	kind, body := form(f, specimen.JPEG(0)[:30], []byte("b"))
	boundary := kind[len("multipart/form-data; boundary="):]
	f.Add(boundary, body.Bytes())
	f.Add("b", []byte("--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nx\r\n--b--"))
	f.Add("b", []byte("--b\r\n\r\n--b\n\n--b--"))
	const most = 3
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		files, err := parseForm(body, boundary, most)
		if err != nil {
			if status := statusOf(err); status != 400 && status != 413 {
				t.Fatalf("got status %d of %v", status, err)
			}
			return
		}
		if len(files) == 0 || len(files) > most {
			t.Fatalf("got %d files, want 1 to %d", len(files), most)
		}
	})
}
