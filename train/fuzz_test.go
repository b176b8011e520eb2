package train

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

// Whatever follows, or stands before, an epoch's row in metrics.csv, the epoch is
// read, and a run that resumes leaves what was read, so that it is read the same again.
func FuzzHistory(f *testing.F) {
	head := "epoch,step,loss,accuracy,validation_loss,validation_accuracy,learning_rate,images_per_second,seconds\n"
	for _, seed := range []string{"", head, head + "1,3,0.5,0.9,0.4,0.95,0.001,99,1.5\n2,6,0.4,0.9,,,0.001,99,1.5\n",
		head + "1,3,0.5", head + "NaN,1e300,Inf,-Inf,,,,,\n", head + "\"1\n\",\"2\",\"\"\"\",4,5,6,7,8,9\n", "\xff\x00,\"", head + "1,2,3,4,5,6,7,8,9,10\n",
		head + "-9223372036854775808,0x1p-2,1_0,4,5,6,7,8,9\n"} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	path := filepath.Join(dir, "metrics.csv")
	f.Fuzz(func(t *testing.T, text []byte) {
		const whole = "7,21,0.5,0.9,0.4,0.95,0.001,99,1.5\n"
		text = slices.Concat([]byte(whole), text, []byte("\n"+whole))
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		epochs, err := History(dir)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(1<<20+500*len(text)) {
			t.Fatalf("allocated %d bytes for %d", n, len(text))
		}
		if err != nil || len(epochs) < 2 || epochs[0].Epoch != 7 || epochs[len(epochs)-1].Step != 21 {
			t.Fatalf("got epochs %+v and %v, want the two whole ones first and last", epochs, err)
		}
		d := directoryOf(dir)
		kept, err := d.metricsUpTo(math.MaxInt)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, kept, 0o644); err != nil {
			t.Fatal(err)
		}
		rows, err := Metrics(dir)
		if err != nil || len(rows) == 0 || !reflect.DeepEqual(rows[0], columns) {
			t.Fatalf("got rows %q and %v of %q, want the headings first", rows, err, kept)
		}
		if again, err := d.metricsUpTo(math.MaxInt); err != nil || string(again) != string(kept) {
			t.Fatalf("got %q and %v, want %q again", again, err, kept)
		}
		if again, err := History(dir); err != nil || len(again) != len(epochs) {
			t.Fatalf("got %d epochs and %v, want %d", len(again), err, len(epochs))
		}
	})
}
