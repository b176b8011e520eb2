package serve

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/bmp"

	"alexnet/internal/testmodel"
)

// hostileImages are small files of large, unusual or corrupt images.
func hostileImages() map[string][]byte {
	whole := testmodel.JPEG(1)
	huge := bytes.Clone(whole)
	frame := bytes.Index(huge, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(huge[frame+5:], 65_000)
	binary.BigEndian.PutUint16(huge[frame+7:], 65_000)
	scans := bytes.Join([][]byte{whole[:len(whole)-2], bytes.Repeat([]byte{0xff, 0xda, 0, 8, 1, 1, 0, 1, 5, 0, 0x7f}, 500), whole[len(whole)-2:]}, nil)
	all := map[string][]byte{
		"a JPEG that says 65000 by 65000":  huge,
		"a JPEG of 500 scans":              scans,
		"a PNG that says 60000 by 60000":   pngOfSize(60_000, 60_000),
		"a PNG of no size":                 pngOfSize(0, 0),
		"a PNG of 100 by 100 pixels":       encoded(png.Encode, image.NewGray(image.Rect(0, 0, 100, 100))),
		"an animation of 200 large frames": animation(),
		"a GIF of 3 bytes":                 []byte("GIF"),
		"a BMP that says a billion":        bitmap(1 << 30),
		"a BMP of negative width":          bitmap(-5),
		"noise behind a JPEG's marker":     append([]byte{0xff, 0xd8, 0xff, 0xe0}, bytes.Repeat([]byte{0xff, 0x01}, 5000)...),
		"a palette that is too short":      encoded(png.Encode, image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.White})),
		"16 bits a channel":                encoded(png.Encode, image.NewNRGBA64(image.Rect(0, 0, 9, 9))),
		"one pixel":                        encoded(png.Encode, image.NewGray(image.Rect(0, 0, 1, 1))),
		"a very flat image":                encoded(png.Encode, image.NewGray(image.Rect(0, 0, 60_000, 1))),
		"zip":                              []byte("PK\x03\x04\x14\x00"),
		"HTML":                             []byte("<!doctype html><script>alert(1)</script>"),
		"NUL bytes":                        make([]byte, 4096),
	}
	for _, cut := range []int{1, 3, 20, 200, len(whole) / 2, len(whole) - 1} {
		all[fmt.Sprintf("a JPEG cut at %d", cut)] = whole[:cut]
	}
	for at := 2; at < len(whole); at += 41 {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0xff
		all[fmt.Sprintf("a JPEG flipped at %d", at)] = flipped
	}
	return all
}

func encoded(encode func(io.Writer, image.Image) error, img image.Image) []byte {
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func pngOfSize(w, h uint32) []byte {
	b := encoded(png.Encode, image.NewGray(image.Rect(0, 0, 1, 1)))
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func bitmap(width int32) []byte {
	b := encoded(bmp.Encode, image.NewGray(image.Rect(0, 0, 4, 4)))
	binary.LittleEndian.PutUint32(b[18:], uint32(width))
	return b
}

// animation has 200 frames of 4 million pixels each in 400 kB.
func animation() []byte {
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewPaletted(image.Rect(0, 0, 2000, 2000), color.Palette{color.Black, color.White}), nil); err != nil {
		panic(err)
	}
	one := b.Bytes()
	start, end := bytes.IndexByte(one, ','), len(one)-1
	return bytes.Join([][]byte{one[:start], bytes.Repeat(one[start:end], 200), one[end:]}, nil)
}

// No request gets a 5xx status, and the server keeps working.
func TestHostileRequests(t *testing.T) {
	s, url := startServer(t, Config{MaxBody: 4 << 20, MaxPixels: 5_000_000})
	type request struct{ method, path, kind, body string }
	requests := map[string]request{
		"deep nesting":        {"POST", predictPath, "", strings.Repeat("[", 1<<20)},
		"deep nesting inside": {"POST", predictPath, "", `{"instances":[` + strings.Repeat(`{"images":`, 1<<18)},
		"deep in a column":    {"POST", predictPath, "", `{"inputs":{"images":` + strings.Repeat("[", 1<<20)},
		"a huge number":       {"POST", predictPath, "", `{"inputs":{"images":[],"orientations":[1e999999999]}}`},
		"a long number":       {"POST", predictPath, "", `{"inputs":{"orientations":[` + strings.Repeat("9", 1<<20) + `]}}`},
		"a million rows":      {"POST", predictPath, "", `{"instances":[` + strings.Repeat("{},", 1<<20) + `{}]}`},
		"a million keys":      {"POST", predictPath, "", `{"instances":[{` + strings.Repeat(`"b64":"",`, 1<<18) + `"b64":""}]}`},
		"bad UTF-8":           {"POST", predictPath, "", "{\"\xff\xfe\": \xff}"},
		"NaN":                 {"POST", predictPath, "", `{"instances": NaN}`},
		"path up":             {"GET", "/v1/models/../../etc/passwd", "", ""},
		"path up, encoded":    {"GET", "/v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "", ""},
		"NUL in the path":     {"GET", "/v1/models/alexnet%00:predict", "", ""},
		"a slash in the path": {"POST", "/v1/models/alexnet%2fversions%2f1:predict", "", "{}"},
		"double slash":        {"POST", "//v1//models//alexnet:predict", "", "{}"},
		"a long path":         {"GET", "/" + strings.Repeat("a", 60_000), "", ""},
		"a huge version":      {"GET", "/v1/models/alexnet/versions/99999999999999999999999", "", ""},
		"another method":      {"BREW", predictPath, "", ""},
		"TRACE":               {"TRACE", "/classify", "", ""},
		"PUT on the page":     {"PUT", "/", "", "x"},
		"a long boundary":     {"POST", "/classify", "multipart/form-data; boundary=" + strings.Repeat("x", 1000), "--"},
		"a form of headers":   {"POST", "/classify", "multipart/form-data; boundary=b", "--b\r\n" + strings.Repeat("X: y\r\n", 100_000)},
		"a form of parts":     {"POST", "/classify", "multipart/form-data; boundary=b", strings.Repeat("--b\r\n\r\n\r\n", 100_000) + "--b--"},
	}
	for name, b := range hostileImages() {
		requests[name] = request{"POST", "/classify", "", string(b)}
		requests[name+", in JSON"] = request{"POST", predictPath, "", `{"instances":[` + b64(b) + `]}`}
		requests[name+", oriented"] = request{"POST", predictPath, "", `{"signature_name":"oriented","instances":[{"orientations":7,"images":` + b64(b) + `}]}`}
	}
	for name, c := range requests {
		got := send(t, c.method, url+c.path, c.kind, strings.NewReader(c.body))
		if got.status >= 500 {
			t.Errorf("%s: got %d %q", name, got.status, got.text)
		}
	}
	var result struct{ Class string }
	send(t, "POST", url+"/classify", "", bytes.NewReader(testmodel.JPEG(1))).want(t, 200).read(t, &result)
	if queued, bytes := gauge(t, s, "alexnet_queue_images"), gauge(t, s, "alexnet_body_bytes"); result.Class == "" || queued != 0 || bytes != 0 {
		t.Errorf("afterwards: got class %q, %v images queued and %v bytes in use, want a class and none", result.Class, queued, bytes)
	}
}

// Invalid and endless connections are closed.
func TestHostileConnections(t *testing.T) {
	s := newServer(t, Config{MaxBody: 1 << 20, Timeout: 700 * time.Millisecond, Hosts: []string{"x", "example.com"}})
	addr, stop := listenAndServe(t, s)
	t.Cleanup(func() { stop(nil) })
	chunk := "1000\r\n" + strings.Repeat("x", 0x1000) + "\r\n"
	for name, c := range map[string]struct {
		send   string // before
		repeat string // until the server closes the connection
		every  time.Duration
		status string // of the response; empty if the connection is closed without one
	}{
		"an endless body":      {"POST /classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, 0, "413"},
		"a slow body":          {"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "x", 50 * time.Millisecond, "408"},
		"slow headers":         {"POST /classify HTTP/1.1\r\nHost: x\r\n", "X: y\r\n", 50 * time.Millisecond, ""},
		"endless headers":      {"POST /classify HTTP/1.1\r\nHost: x\r\n", "X: " + strings.Repeat("y", 1000) + "\r\n", 0, "431"},
		"an invalid chunk":     {"POST /classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "", 0, "400"},
		"a body cut off":       {"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab", "", time.Second, "408"},
		"two lengths":          {"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "", 0, "400"},
		"a negative length":    {"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nab", "", 0, "400"},
		"a TLS hello":          {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "", 0, "400"},
		"a proxy's request":    {"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", "", 0, "405"},
		"a future protocol":    {"GET / HTTP/9.9\r\nHost: x\r\n\r\n", "", 0, "505"},
		"expecting too much":   {"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n", "", 0, "413"},
		"expecting the absurd": {"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n", "", 0, "417"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := exchange(t, addr, c.send, c.repeat, c.every); !strings.HasPrefix(got, c.status) || c.status == "" && got != "" {
				t.Errorf("got %q, want %q", got, c.status)
			}
		})
	}
}

// exchange sends a request and returns the status of the response.
func exchange(t *testing.T, addr, first, repeat string, every time.Duration) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(c, first)
	must(t, err)
	go func() {
		for repeat != "" {
			if _, err := io.WriteString(c, repeat); err != nil {
				return
			}
			time.Sleep(every)
		}
	}()
	line, _ := bufio.NewReader(c).ReadString('\n')
	_, status, _ := strings.Cut(strings.TrimSpace(line), " ")
	return status
}
