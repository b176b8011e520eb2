package finetune_test

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"alexnet/internal/browser"
	"alexnet/internal/testenv"
)

// startTensorBoard serves the runs below dir until the test ends, and returns its address.
func startTensorBoard(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command(testenv.Python(t), "-m", "tensorboard.main", "--logdir", filepath.Base(dir), "--host", "127.0.0.1", "--port", "0", "--reload_interval", "2")
	cmd.Dir = filepath.Dir(dir)                           // its pages show this path
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its data server is a child process
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
	var output strings.Builder
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&output, lines.Text())
		if found := address.FindString(lines.Text()); found != "" {
			go io.Copy(io.Discard, stderr) // or it would block
			return found
		}
	}
	t.Fatalf("start TensorBoard: it exited:\n%s", output.String())
	return ""
}

//go:embed testdata/dashboards.js
var dashboardsScript string

// awaitDashboard opens a page and waits until it shows everything expected.
func awaitDashboard(t *testing.T, tab *browser.Tab, address, name string, want map[string]any) {
	t.Helper()
	given, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("(() => { %s\nreturn dashboards[%q](%s); })()", dashboardsScript, name, given)
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank"), chromedp.Navigate(address+"#"+name)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		missing, err := chromedp.Run(tab, chromedp.Evaluate[[]string](script))
		if err == nil && len(missing) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s: missing %s (%v)", name, strings.Join(missing, "\n"), err)
			return
		}
		if err := chromedp.Do(tab, chromedp.Sleep(300*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
}
