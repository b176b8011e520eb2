package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"alexnet/internal/testmodel"
	"alexnet/serve"
)

// serverLog is a server's log and URL.
type serverLog struct {
	url   string
	lines strings.Builder
	done  chan struct{}
}

var servingLine = regexp.MustCompile(`msg=serving .*url=(\S+)`)

// startServer runs `alexnet serve` on a free local port and waits until it listens.
func startServer(t *testing.T, args ...string) (*exec.Cmd, *serverLog) {
	t.Helper()
	cmd, _ := program(t, append([]string{"serve", "--addr", "127.0.0.1:0", "-v"}, args...)...)
	cmd.Stderr = nil
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	log, found := &serverLog{done: make(chan struct{})}, make(chan string, 1)
	go func() {
		defer close(log.done)
		defer close(found)
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			fmt.Fprintln(&log.lines, lines.Text())
			if m := servingLine.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
	}()
	log.url = <-found
	if log.url == "" {
		t.Fatalf("the server did not start:\n%s", log.lines.String())
	}
	return cmd, log
}

// wait waits for the program to exit, and returns its exit code and log.
func (l *serverLog) wait(cmd *exec.Cmd) (int, string) {
	<-l.done
	_ = cmd.Wait() // the exit code is returned
	return cmd.ProcessState.ExitCode(), l.lines.String()
}

// smallRun is a run directory with a tiny model.
func smallRun(t *testing.T) string {
	t.Helper()
	run := filepath.Join(t.TempDir(), "run")
	if err := testmodel.Write(run, "cat", "dog"); err != nil {
		t.Fatal(err)
	}
	return run
}

// TestServe stops the server under load: every accepted request is answered, with predict's result, and the exit
// code is 0.
func TestServe(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program; run without -short")
	}
	run := smallRun(t)
	for _, stop := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(stop.String(), func(t *testing.T) {
			cmd, log := startServer(t, run, "--drain-delay", "200ms")
			encoded := testmodel.Turned(3, 6)
			want := predictedClass(t, run, encoded)
			var answered atomic.Int64
			var clients sync.WaitGroup
			for range 6 {
				clients.Go(func() {
					for {
						got, err := classOf(log.url+"classify", encoded)
						if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) {
							return // before the request was accepted
						}
						if err != nil || got != want {
							t.Errorf("got %q and %v, want %q", got, err, want)
							return
						}
						answered.Add(1)
					}
				})
			}
			for answered.Load() < 20 && !t.Failed() {
				time.Sleep(time.Millisecond)
			}
			if err := cmd.Process.Signal(stop); err != nil {
				t.Fatal(err)
			}
			clients.Wait()
			code, text := log.wait(cmd)
			given := int64(strings.Count(text, "path=/classify status=200"))
			t.Logf("%d answers", answered.Load())
			if code != 0 || answered.Load() != given || given < 20 || !strings.Contains(text, "msg=stopped") {
				t.Errorf("got exit code %d and %d of %d answers, want 0 and all\n%.2000s", code, answered.Load(), given, text)
			}
		})
	}
}

// classOf asks the server for an image's class and probability.
func classOf(url string, encoded []byte) (string, error) {
	response, err := http.Post(url, "image/jpeg", bytes.NewReader(encoded))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	return readClass(text)
}

func readClass(text []byte) (string, error) {
	var answer struct {
		Class       string
		Probability float64
	}
	err := json.Unmarshal(text, &answer)
	return fmt.Sprintf("%s %.5f", answer.Class, answer.Probability), err
}

// TestServeLosesDecoders kills the processes that decode, again and again: an image whose decoder was killed is decoded
// by another, so that every request is answered.
func TestServeLosesDecoders(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program; run without -short")
	}
	run := smallRun(t)
	cmd, log := startServer(t, run)
	encoded := testmodel.JPEG(3)
	want := predictedClass(t, run, encoded)
	for range 3 {
		decoders := childrenOf(t, cmd.Process.Pid)
		if len(decoders) == 0 {
			t.Fatal("got no decoding process, want at least one")
		}
		for _, pid := range decoders {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				t.Fatal(err)
			}
		}
		for range 2 * runtime.GOMAXPROCS(0) {
			if got, err := classOf(log.url+"classify", encoded); err != nil || got != want {
				t.Fatalf("got %q and %v, want %q", got, err, want)
			}
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, text := log.wait(cmd); code != exitOK {
		t.Errorf("got exit code %d, want 0:\n%s", code, text)
	}
}

// childrenOf are the child processes of a process that have not ended (proc(5), children).
func childrenOf(t *testing.T, pid int) (running []int) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(tasks) == 0 {
		t.Skip("no /proc on this system")
	}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			t.Fatal(err)
		}
		for field := range strings.FieldsSeq(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			running = append(running, child)
		}
	}
	return running
}

func predictedClass(t *testing.T, run string, encoded []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.jpg")
	if err := os.WriteFile(path, encoded, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd, stderr := program(t, "predict", run, path, "--json")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	class, err := readClass(text)
	if err != nil {
		t.Fatal(err)
	}
	return class
}

// A path such as models/7 sets the version, as for TensorFlow Serving, and the token is required.
func TestServeVersionAndToken(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program; run without -short")
	}
	models := t.TempDir()
	run := filepath.Join(models, "7")
	token := filepath.Join(models, "token")
	if err := errors.Join(os.Rename(smallRun(t), run), os.WriteFile(token, []byte("secret\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	cmd, log := startServer(t, run, "--token-file", token)
	for bearer, want := range map[string]int{"secret": 200, "other": 401} {
		request, err := http.NewRequest("GET", log.url+"v1/models/alexnet/versions/7", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+bearer)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("token %q: got status %d, want %d", bearer, response.StatusCode, want)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, text := log.wait(cmd); code != 0 || strings.Contains(text, "secret") {
		t.Errorf("got exit code %d, want 0 and no token in\n%s", code, text)
	}
}

// A public address without authentication is a warning.
func TestServeLogsAddress(t *testing.T) {
	for name, c := range map[string]struct {
		ip    net.IP
		token string
		warns bool
	}{
		"all addresses":   {net.IPv4zero, "", true},
		"private network": {net.IPv4(10, 0, 0, 1), "", true},
		"with a token":    {net.IPv4zero, "secret", false},
		"loopback":        {net.IPv4(127, 0, 0, 1), "", false},
		"IPv6 loopback":   {net.IPv6loopback, "", false},
	} {
		var text bytes.Buffer
		s := &serveFlags{Config: serve.Config{Token: c.token}}
		s.logAddress(&app{log: slog.New(slog.NewTextHandler(&text, nil))}, "run", &net.TCPAddr{IP: c.ip, Port: 8501})
		if strings.Contains(text.String(), "--token-file") != c.warns || !strings.Contains(text.String(), ":8501/") {
			t.Errorf("%s: got %s", name, &text)
		}
	}
}
