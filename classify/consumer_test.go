package classify_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"alexnet/classify"
	"alexnet/internal/testenv"
)

// Another module uses the library by the commands of the package's documentation,
// in a shell that knows nothing of this one's settings. Its go.sum is ours, in the
// place of `go mod tidy`, which would ask the network.
func TestAnotherModule(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program; run without -short")
	}
	const commands = `set -e
unset CGO_CFLAGS CGO_LDFLAGS TF_ENABLE_ONEDNN_OPTS
go mod init example.com/consumer
go mod edit -require=alexnet@v0.0.0 -replace=alexnet="$ALEXNET"
cp "$ALEXNET/go.sum" .
eval "$("$ALEXNET/scripts/install-libtensorflow" --env)"
test "$TF_ENABLE_ONEDNN_OPTS" = 1
GOFLAGS=-mod=mod GOPROXY=off go build -o consumer .
./consumer "$RUN" "$IMAGE"
`
	dir, path := t.TempDir(), files(t, 4)[3]
	source, err := os.ReadFile(filepath.Join("testdata", "consumer", "main.go"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "main.go"), source, 0o644))
	cmd := exec.Command("bash", "-c", commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ALEXNET="+testenv.Root(t), "RUN="+run, "IMAGE="+path)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	result, err := opened(t, classify.Options{}).Classify(context.Background(), classify.FromFile(path))
	must(t, err)
	if want := fmt.Sprintf("%s %.6f\n", result.Class, result.Probability); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
