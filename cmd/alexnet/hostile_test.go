package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"alexnet/finetune"
	"alexnet/internal/doctor"
	"alexnet/internal/hostile"
	"alexnet/internal/rundir"
	"alexnet/internal/testmodel"
)

// hostileCount and hostileSeed set the number of images that TestHostileImages generates and the seed;
// scripts/hostile sets them.
const (
	hostileCount = "ALEXNET_HOSTILE"
	hostileSeed  = "ALEXNET_HOSTILE_SEED"
)

// maxImageTime is the maximum time that one image may take.
const maxImageTime = 5 * time.Second

// TestHostileImages runs the program on damaged and malicious images and on folders with other files: it neither
// crashes nor hangs, uses every intact image, gives a reason for excluding each other file, and changes nothing.
func TestHostileImages(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program; run without -short")
	}
	count, seed := numberFrom(t, hostileCount, 150), numberFrom(t, hostileSeed, 1)
	m := &hostileTest{images: hostile.Images(count, uint64(seed)), data: filepath.Join(t.TempDir(), "data"), runDir: filepath.Join(t.TempDir(), "run"), cache: t.TempDir()}
	var err error
	if m.odd, err = hostile.Plant(m.data, m.images); err != nil {
		t.Fatal(err)
	}
	before, err := hostile.Digest(m.data)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		name string
		meet func(*testing.T)
	}{{"doctor", m.doctor}, {"train", m.train}, {"predict", m.predict}, {"serve", m.serve}} {
		if !t.Run(part.name, part.meet) {
			return
		}
	}
	if after, err := hostile.Digest(m.data); err != nil || after != before {
		t.Errorf("dataset changed (%v), got:\n%s\nwant\n%s", err, after, before)
	}
}

// numberFrom is the number in an environment variable, or the fallback.
func numberFrom(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s: got %q, want a number from 1", name, text)
	}
	return n
}

// hostileTest holds the images and the folders of TestHostileImages.
type hostileTest struct {
	images              []hostile.Image
	data, runDir, cache string
	odd                 []string // paths of files without an image's name
}

// path is the i-th image's; see hostile.Plant.
func (m *hostileTest) path(i int) string {
	return filepath.Join(m.data, "ab"[i%2:i%2+1], m.images[i].Name)
}

// run runs the program, which must exit by itself with code.
func (m *hostileTest) run(t *testing.T, code int, args ...string) (stdout []byte, log string) {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(len(m.images))*maxImageTime/5+time.Minute)
	defer cancel()
	started, stderr := program(t, append(args, "--formats", "webp,tiff")...)
	cmd := exec.CommandContext(ctx, started.Path, started.Args[1:]...)
	cmd.Args[0], cmd.Stderr = started.Args[0], stderr
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+m.cache)
	stdout, _ = cmd.Output() // the code is looked at
	if got := cmd.ProcessState.ExitCode(); got != code || ctx.Err() != nil {
		t.Fatalf("%s: got exit code %d after %v, want %d\n%s", args[0], got, time.Since(began), code, stderr)
	}
	if strings.Contains(stderr.String(), "goroutine ") {
		t.Errorf("%s: got a crash:\n%s", args[0], stderr)
	}
	t.Logf("%s: %d images in %v", args[0], len(m.images), time.Since(began).Round(time.Second/10))
	return stdout, stderr.String()
}

// checkReasons checks that each refused path has a reason, and no intact image is refused.
func (m *hostileTest) checkReasons(t *testing.T, refused map[string]string) {
	t.Helper()
	slow := 0
	for path, reason := range refused {
		if reason == "" {
			t.Errorf("%s: refused without a reason", path)
		}
		if strings.Contains(reason, "takes too") || strings.Contains(reason, "its decoder") {
			slow++
			t.Errorf("%s: got %q, want no crash or timeout of the decoder", path, reason)
		}
	}
	for i, p := range m.images {
		if reason, ok := refused[m.path(i)]; ok && p.Valid {
			t.Errorf("%s: got %q, want an intact image used", p.Name, reason)
		}
	}
	t.Logf("%d files refused, each with a reason; %d crashes or timeouts", len(refused), slow)
}

func (m *hostileTest) doctor(t *testing.T) {
	stdout, _ := m.run(t, 1, "doctor", m.data, "--json")
	var d doctor.Report
	if err := json.Unmarshal(stdout, &d); err != nil {
		t.Fatalf("got %q, want JSON: %v", stdout, err)
	}
	refused := map[string]string{}
	for _, p := range d.Problems {
		if !strings.Contains(p.Reason, "same image") {
			refused[p.Path] = p.Reason
		}
	}
	m.checkReasons(t, refused)
}

// train uses or excludes every file.
func (m *hostileTest) train(t *testing.T) {
	_, stderr := m.run(t, 0, append([]string{"train", m.data, "--out", m.runDir, "--bad-images", "skip", "--epochs", "1"}, tinyFlags...)...)
	if !strings.Contains(stderr, "excluded.csv") {
		t.Errorf("got %q, want the list named", stderr)
	}
	out, err := rundir.Dir(m.runDir).ReadExcluded()
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]string{}
	for _, p := range out {
		refused[p.Path] = p.Reason
	}
	m.checkReasons(t, refused)
	config, err := finetune.ReadConfig(m.runDir)
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for i := range m.images {
		if _, ok := refused[m.path(i)]; ok {
			ours++
		}
	}
	if config.TrainCount+ours != len(m.images) {
		t.Errorf("got %d images used and %d excluded, want %d together", config.TrainCount, ours, len(m.images))
	}
	for _, path := range m.odd {
		if _, ok := refused[path]; !ok && filepath.Base(path) != "locked" { // an empty folder, to who may look
			t.Errorf("%q: not listed as excluded", path)
		}
	}
}

func (m *hostileTest) predict(t *testing.T) {
	stdout, _ := m.run(t, 1, "predict", m.runDir, m.data, "--json")
	refused, answered := map[string]string{}, map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(stdout))
	for lines.Scan() {
		var p struct{ Path, Class, Error string }
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil || (p.Class == "") == (p.Error == "") {
			t.Fatalf("got %q, want JSON with a class or an error: %v", lines.Text(), err)
		}
		if answered[p.Path] = true; p.Class == "" {
			refused[p.Path] = p.Error
		}
	}
	for i := range m.images {
		if !answered[m.path(i)] {
			t.Errorf("%s: no prediction", m.images[i].Name)
		}
	}
	m.checkReasons(t, refused)
}

// serve answers each request in time with status 200 or 4xx, and keeps serving.
func (m *hostileTest) serve(t *testing.T) {
	cmd, log := startServer(t, m.runDir, "--formats", "webp,tiff")
	var lock sync.Mutex
	var took []time.Duration
	codes := map[int]int{}
	post := func(name string, encoded []byte) {
		began := time.Now()
		response, err := http.Post(log.url+"classify", "image/jpeg", bytes.NewReader(encoded))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		lock.Lock()
		defer lock.Unlock()
		took = append(took, time.Since(began))
		codes[response.StatusCode]++
		if ok := response.StatusCode == http.StatusOK; err != nil || !ok && response.StatusCode/100 != 4 || len(text) == 0 || time.Since(began) > maxImageTime {
			t.Errorf("%s: got %s after %v: %q, %v; want an answer", name, response.Status, time.Since(began), text, err)
		}
	}
	for _, p := range m.images {
		post(p.Name, p.Encoded)
	}
	post("an intact image at the end", testmodel.JPEG(1))
	if codes[http.StatusOK] == 0 || len(took) != len(m.images)+1 {
		t.Errorf("got answers %v, want one each", codes)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, text := log.wait(cmd); code != exitOK || strings.Contains(text, "goroutine ") {
		t.Errorf("got exit code %d, want %d\n%s", code, exitOK, text)
	}
	slices.Sort(took)
	t.Logf("serve: answers by status %v; median %v, slowest %v", codes, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
}
