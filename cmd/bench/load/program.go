package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// predictRate is the throughput of `alexnet predict` in images/s, without its start: the time for many images minus the
// time for few.
func predictRate(program, model string, paths []string) (float64, error) {
	const few, many = 32, 2048
	var took [2]time.Duration
	for i, n := range []int{few, many} {
		list := slices.Repeat(paths, n/len(paths)+1)[:n]
		cmd := exec.Command(program, "predict", model, "-")
		cmd.Stdin, cmd.Stderr = strings.NewReader(strings.Join(list, "\n")), os.Stderr
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return 0, fmt.Errorf("run predict: %w", err)
		}
		took[i] = time.Since(start)
	}
	return (many - few) / (took[1] - took[0]).Seconds(), nil
}

// server is a running `alexnet serve`.
type server struct {
	cmd *exec.Cmd
	url string
}

var serving = regexp.MustCompile(`msg=serving .*url=(\S+)`)

func startServer(program, model string) (*server, error) {
	s := &server{cmd: exec.Command(program, "serve", model, "--addr", "127.0.0.1:0")}
	pipe, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(pipe); s.url == "" && lines.Scan(); {
		if m := serving.FindStringSubmatch(lines.Text()); m != nil {
			s.url = m[1]
		}
	}
	if s.url == "" {
		return nil, errors.Join(errors.New("start serve: no address in its log"), s.cmd.Wait())
	}
	go io.Copy(io.Discard, pipe)
	return s, nil
}

// stop stops the server with SIGTERM. It may be called again.
func (s *server) stop() error {
	if s.cmd.ProcessState != nil {
		return nil
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("stop serve: %w", err)
	}
	return nil
}

// state holds metrics of the server.
type state struct {
	resident        float64 // bytes
	batches, images float64 // so far
}

// state reads the server's metrics.
func (s *server) state() (state, error) {
	response, err := http.Get(s.url + "metrics")
	if err != nil {
		return state{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return state{}, err
	}
	read := func(name string) float64 {
		m := regexp.MustCompile("(?m)^" + name + ` (\S+)$`).FindSubmatch(text)
		if m == nil {
			err = fmt.Errorf("read metrics: got no %s", name)
			return 0
		}
		v, bad := strconv.ParseFloat(string(m[1]), 64)
		err = errors.Join(err, bad)
		return v
	}
	now := state{read("process_resident_memory_bytes"), read("alexnet_batch_images_count"), read("alexnet_batch_images_sum")}
	return now, err
}

// perBatch is the mean batch size since before.
func (s state) perBatch(before state) float64 {
	return (s.images - before.images) / (s.batches - before.batches)
}
