package rundir

import (
	"encoding/csv"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"alexnet/input"
)

// Whatever bytes are around a row of metrics.csv, the row is read, and truncation keeps all
// rows that were read.
func FuzzMetrics(f *testing.F) {
	head := "epoch,step,loss,accuracy,validation_loss,validation_accuracy,learning_rate,images_per_second,seconds\n"
	for _, seed := range []string{"", head, head + "1,3,0.5,0.9,0.4,0.95,0.001,99,1.5\n2,6,0.4,0.9,,,0.001,99,1.5\n",
		head + "1,3,0.5", head + "NaN,1e300,Inf,-Inf,,,,,\n", head + "\"1\n\",\"2\",\"\"\"\",4,5,6,7,8,9\n", "\xff\x00,\"", head + "1,2,3,4,5,6,7,8,9,10\n",
		head + "-9223372036854775808,0x1p-2,1_0,4,5,6,7,8,9\n"} {
		f.Add([]byte(seed))
	}
	d := Dir(f.TempDir())
	f.Fuzz(func(t *testing.T, text []byte) {
		const intact = "7,21,0.5,0.9,0.4,0.95,0.001,99,1.5\n"
		text = slices.Concat([]byte(intact), text, []byte("\n"+intact))
		must(t, os.WriteFile(d.Metrics(), text, 0o644))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		epochs, err := d.Epochs()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(1<<20+500*len(text)) {
			t.Fatalf("allocated %d bytes for %d", n, len(text))
		}
		if err != nil || len(epochs) < 2 || epochs[0].Epoch != 7 || epochs[len(epochs)-1].Step != 21 {
			t.Fatalf("got epochs %+v, %v, want the intact ones first and last", epochs, err)
		}
		must(t, d.TruncateMetrics(math.MaxInt))
		kept, err := d.MetricsRows()
		if err != nil || len(kept) != 1+len(epochs) || !slices.Equal(kept[0], columns) {
			t.Fatalf("got rows %q, %v, want the column names and %d epochs", kept, err, len(epochs))
		}
		if csv, err := csv.NewReader(strings.NewReader(read(t, d.Metrics()))).ReadAll(); err != nil || !reflect.DeepEqual(csv, kept) {
			t.Fatalf("got %q, %v as CSV, want %q", csv, err, kept)
		}
	})
}

// Reading, writing and reading again yields the same, except that CSV normalizes
// line ends.
func FuzzReadExcluded(f *testing.F) {
	for _, seed := range []string{"", "path,reason\n", "path,reason\na,b\n\"a\r\n\"\"b\",c\n", "a\nb\n", "a,\"\n", ",\n,\n", "\xff,\x00\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := parsePairs(text)
		if err != nil {
			return
		}
		excluded := parseExcluded(rows)
		again := FormatExcluded(excluded)
		for i, p := range excluded {
			excluded[i] = input.Excluded{Path: strings.ReplaceAll(p.Path, "\r\n", "\n"), Reason: strings.ReplaceAll(p.Reason, "\r\n", "\n")}
		}
		rows, err = parsePairs(again)
		if got := parseExcluded(rows); err != nil || !slices.Equal(got, excluded) {
			t.Errorf("got %q, %v, want %q", got, err, excluded)
		}
	})
}
