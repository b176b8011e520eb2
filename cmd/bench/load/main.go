// Command load compares the throughput and latency of `alexnet serve` with `alexnet predict`; see cmd/bench/load.sh.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("load: error: ")
	program := flag.String("program", "bin/alexnet", "the program to measure")
	requests := flag.Int("requests", 10_000, "number of requests, each with one image")
	clients := flag.Int("clients", 64, "concurrent clients that saturate the server")
	share := flag.Float64("share", .8, "fraction of the saturated rate at which latency is measured")
	api := flag.String("api", "classify", "classify, for POST /classify, or predict, for TensorFlow Serving's API")
	flag.Parse()
	if flag.NArg() != 2 || *api != "classify" && *api != "predict" || *requests < 100 || *clients < 1 || *share <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := measure(*program, flag.Arg(0), flag.Arg(1), *api, *requests, *clients, *share); err != nil {
		log.Fatal(err)
	}
}

func measure(program, model, folder, api string, requests, clients int, share float64) error {
	images, err := readImages(folder)
	if err != nil {
		return err
	}
	fmt.Printf("%d images of %d kB on average, %d processors\n", len(images.bodies), images.bytes()/len(images.bodies)/1000, runtime.NumCPU())
	before, err := predictRate(program, model, images.paths)
	if err != nil {
		return err
	}
	server, err := startServer(program, model)
	if err != nil {
		return err
	}
	defer server.stop()
	target := newTarget(server.url, api, images)
	defer target.close()
	start, err := server.state()
	if err != nil {
		return err
	}
	full := target.saturate(requests/2, clients)
	middle, err := server.state()
	if err != nil {
		return err
	}
	timed := target.atRate(requests-requests/2, share*full.rate())
	end, err := server.state()
	if err != nil {
		return err
	}
	if err := server.stop(); err != nil {
		return err
	}
	last, err := predictRate(program, model, images.paths)
	if err != nil {
		return err
	}
	predict := (before + last) / 2
	fmt.Printf("predict                  %6.1f images/s (%.1f before, %.1f after)\n", predict, before, last)
	fmt.Printf("serve, %3d clients       %6.1f images/s, %.2f of predict; p50 %s, p99 %s; %.1f in a batch\n",
		clients, full.rate(), full.rate()/predict, full.at(.5), full.at(.99), middle.perBatch(start))
	fmt.Printf("serve at %2.0f %%: %5.1f/s  p50 %s, p99 %s: %.2f times as long; %.1f in a batch\n",
		100*share, share*full.rate(), timed.at(.5), timed.at(.99), float64(timed.at(.99))/float64(timed.at(.5)), end.perBatch(middle))
	fmt.Printf("%d requests, %d lost; server memory %.1f MiB after the first half, %.1f after the second\n",
		requests, full.lost+timed.lost, middle.resident/(1<<20), end.resident/(1<<20))
	return nil
}

// images are the files that the requests send.
type images struct {
	paths  []string
	bodies [][]byte
}

// readImages reads up to 1,000 JPEG and PNG files below the folder.
func readImages(folder string) (p images, err error) {
	err = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		kind := strings.ToLower(filepath.Ext(path))
		if err != nil || entry.IsDir() || !slices.Contains([]string{".jpg", ".jpeg", ".png"}, kind) || len(p.paths) == 1000 {
			return err
		}
		body, err := os.ReadFile(path)
		p.paths, p.bodies = append(p.paths, path), append(p.bodies, body)
		return err
	})
	if err == nil && len(p.bodies) == 0 {
		err = fmt.Errorf("read images of %q: no JPEG or PNG files found", folder)
	}
	return p, err
}

func (p images) bytes() (n int) {
	for _, b := range p.bodies {
		n += len(b)
	}
	return n
}

// round rounds a duration for printing.
func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
