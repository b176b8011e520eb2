package serve

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"alexnet/internal/testmodel"
)

func TestToken(t *testing.T) {
	_, url := startServer(t, Config{Token: "right one"})
	for given, status := range map[string]int{
		"": 401, "Bearer": 401, "Bearer ": 401, "Bearer wrong": 401, "Basic right one": 401, "right one": 401,
		"Bearer right one": 200, "bearer right one": 200,
	} {
		r, err := http.NewRequest("POST", url+"/classify", bytes.NewReader(testmodel.JPEG(0)))
		must(t, err)
		r.Header.Set("Authorization", given)
		if got := do(t, r).want(t, status); status == 401 && !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%q: want a challenge for a bearer token", given)
		}
	}
	for path, status := range map[string]int{
		"/healthz": 200, "/readyz": 200, "/": 200, "/page.js": 200, "/metrics": 401, "/v1/models/alexnet": 401, "/v1/models/alexnet/metadata": 401,
	} {
		if got := send(t, "GET", url+path, "", nil); got.status != status {
			t.Errorf("%s: got %d, want %d", path, got.status, status)
		}
	}
}

// On a loopback address without a token the server accepts only local host names, so
// that DNS rebinding does not work.
func TestHost(t *testing.T) {
	status := func(addr, host string) int {
		r, err := http.NewRequest("GET", "http://"+addr+"/v1/models/alexnet", nil)
		must(t, err)
		r.Host = host
		return do(t, r).status
	}
	addr, stop := listenAndServe(t, newServer(t, Config{Hosts: []string{"proxied.example"}}))
	defer stop(nil)
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "LOCALHOST:8501": 200, "localhost.:1": 200, "127.0.0.1": 200, "127.1.2.3:80": 200, "[::1]": 200,
		"[::1]:8501": 200, "proxied.example:8501": 200, "evil.example": 403, "evil.example:8501": 403, "localhost.evil.example": 403,
		"192.168.0.1": 403, "127.0.0.1.evil.example": 403, "0.0.0.0:8501": 403,
	} {
		if got := status(addr, host); got != want {
			t.Errorf("host %q: got %d, want %d", host, got, want)
		}
	}
	with, stopWith := listenAndServe(t, newServer(t, Config{Token: "a"}))
	defer stopWith(nil)
	if got := status(with, "evil.example"); got != 401 {
		t.Errorf("with a token: got %d, want 401", got)
	}
}

// HTTPS with a self-signed certificate.
func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	cert, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))

	addr, stop := listenAndServe(t, newServer(t, Config{TLSCert: cert, TLSKey: keyFile}))
	defer stop(nil)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Post("https://"+addr+"/classify", "", bytes.NewReader(testmodel.JPEG(0)))
	must(t, err)
	response.Body.Close()
	if response.StatusCode != 200 || response.ProtoMajor != 2 {
		t.Errorf("got %d by HTTP/%d, want 200 by HTTP/2", response.StatusCode, response.ProtoMajor)
	}
}

// Serve names a certificate file that it cannot read.
func TestTLSFiles(t *testing.T) {
	s := newServer(t, Config{TLSCert: "missing.pem", TLSKey: "missing.pem"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	if err := s.Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), "missing.pem") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

// The page refers only to files of the server, and all of them exist.
func TestPage(t *testing.T) {
	_, url := startServer(t, Config{})
	page := send(t, "GET", url+"/", "", nil)
	if page.status != 200 || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("got %d with policy %q", page.status, page.header.Get("Content-Security-Policy"))
	}
	references := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.text, -1)
	if len(references) < 3 {
		t.Fatalf("got references %v, want the script and the style", references)
	}
	for _, r := range references {
		const name = `xmlns="http://www.w3.org/2000/svg"` // nothing is loaded from it
		if got := send(t, "GET", url+"/"+r[1], "", nil); got.status != 200 || strings.Contains(strings.ReplaceAll(got.text, name, ""), "://") {
			t.Errorf("%s: got %d, want a file without external references", r[1], got.status)
		}
	}
	if strings.Contains(page.text, "://") || strings.Contains(page.text, "style=") || strings.Contains(page.text, "onclick") {
		t.Error("got a page with external references, or with content that its policy forbids")
	}
	if got := send(t, "HEAD", url+"/", "", nil); got.status != 200 || got.text != "" {
		t.Errorf("HEAD: got %d %q", got.status, got.text)
	}
}

func TestMetrics(t *testing.T) {
	_, url := startServer(t, Config{})
	kind, body := form(t, testmodel.JPEG(0), []byte("none"))
	send(t, "POST", url+"/classify", kind, body).want(t, 200)
	post(t, url+predictPath, `{}`).want(t, 400)
	send(t, "GET", url+"/a/b", "", nil).want(t, 404)
	got := send(t, "GET", url+"/metrics", "", nil)
	for _, line := range []string{
		`alexnet_requests_total{code="200",endpoint="classify"} 1`,
		`alexnet_requests_total{code="400",endpoint="model"} 1`,
		`alexnet_requests_total{code="404",endpoint="none"} 1`,
		`alexnet_request_seconds_count{endpoint="classify"} 1`,
		`alexnet_images_total{result="classified"} 1`,
		`alexnet_images_total{result="rejected"} 1`,
		`alexnet_batch_images_sum 1`,
		`alexnet_queue_images 0`,
		`alexnet_body_bytes 0`,
		`process_resident_memory_bytes`,
	} {
		if !strings.Contains(got.text, "\n"+line) {
			t.Errorf("got no line %s", line)
		}
	}
}
