package finetune_test

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"alexnet/internal/testenv"
)

// ScreenshotsVar names a folder to keep pictures of TensorBoard's pages in.
const ScreenshotsVar = "ALEXNET_SCREENSHOTS"

// startTensorBoard serves the runs below dir until the test ends, and returns its
// address.
func startTensorBoard(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command(testenv.Python(t), "-m", "tensorboard.main", "--logdir", dir, "--host", "127.0.0.1", "--port", "0", "--reload_interval", "2")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its server of data is a child
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
	})
	var said strings.Builder
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if found := address.FindString(lines.Text()); found != "" {
			go io.Copy(io.Discard, stderr) // until it ends, or it would block
			return found
		}
	}
	t.Fatalf("start TensorBoard: it ended, having said\n%s", said.String())
	return ""
}

// newBrowser gives the context of a tab that closes with the test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(testenv.Browser(t)), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	return ctx
}

//go:embed testdata/dashboards.js
var dashboardsScript string

// awaitDashboard opens a page and waits until nothing of what it should show is
// lacking.
func awaitDashboard(ctx context.Context, t *testing.T, address, name string, want map[string]any) {
	t.Helper()
	given, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("(() => { %s\nreturn dashboards[%q](%s); })()", dashboardsScript, name, given)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(address+"#"+name)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; {
		lacks, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script))
		if err == nil && len(lacks) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s lacks %s (%v)", name, strings.Join(lacks, "\n"), err)
			return
		}
		if err := chromedp.Do(ctx, chromedp.Sleep(300*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
}

// keepScreenshot writes what the page shows into the folder that ScreenshotsVar
// names.
func keepScreenshot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv(ScreenshotsVar)
	if dir == "" {
		return
	}
	if err := chromedp.Do(ctx, chromedp.Sleep(2*time.Second)); err != nil { // what moves comes to rest
		t.Fatal(err)
	}
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o666); err != nil {
		t.Fatal(err)
	}
}
