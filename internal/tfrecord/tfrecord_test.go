package tfrecord

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

const testLimit = 1 << 16

func frames(records ...string) []byte {
	var file []byte
	for _, record := range records {
		file = Append(file, []byte(record))
	}
	return file
}

// readAll returns every record, and the error after them.
func readAll(src io.Reader, limit uint32) (records []string, err error) {
	for record, err := range Read(src, limit) {
		if err != nil {
			return records, err
		}
		records = append(records, string(record))
	}
	return records, nil
}

// The bytes are what TensorFlow 2.18's tf.io.TFRecordWriter wrote.
func TestAppendMatchesTensorFlow(t *testing.T) {
	tests := []struct{ name, record, want string }{
		{"empty", "", "000000000000000029039807d8ea82a2"},
		{"short", "alexnet", "0700000000000000bbd79f11616c65786e65742fe8c0d9"},
		{"event version", "\x1a\rbrain.Event:2", "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc985129"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := hex.EncodeToString(frames(test.record)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestReaderFaults(t *testing.T) {
	whole := frames("first", "second")
	second := int64(len(frames("first")))
	flip := func(at int64) []byte {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1
		return damaged
	}
	tests := []struct {
		name   string
		file   []byte
		before int // records before the error
		want   string
	}{
		{"nothing", nil, 0, "<nil>"},
		{"whole", whole, 2, "<nil>"},
		{"length flipped", flip(second), 1, "record at byte 21: checksum of its length"},
		{"length's checksum flipped", flip(second + 8), 1, "record at byte 21: checksum of its length"},
		{"data flipped", flip(second + headerSize), 1, "record at byte 21: checksum of its data"},
		{"data's checksum flipped", flip(int64(len(whole)) - 1), 1, "record at byte 21: checksum of its data"},
		{"zeros", make([]byte, 64), 0, "record at byte 0: checksum of its length"},
		{"too long", frames(string(make([]byte, testLimit+1))), 0, "got 65537 bytes, want at most 65536"},
		{"longer than int", header(1<<63 + 5), 0, "got 9223372036854775813 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			records, err := readAll(iotest.OneByteReader(bytes.NewReader(test.file)), testLimit)
			if len(records) != test.before || !strings.Contains(fmt.Sprint(err), test.want) {
				t.Errorf("got %d records, then %v; want %d, then %s", len(records), err, test.before, test.want)
			}
		})
	}
}

func header(length uint64) []byte {
	bytes := binary.LittleEndian.AppendUint64(nil, length)
	return binary.LittleEndian.AppendUint32(bytes, checksum(bytes))
}

func TestReaderTruncatedAnywhere(t *testing.T) {
	whole := frames("first", "second")
	second := len(frames("first"))
	for size := range whole {
		records, err := readAll(bytes.NewReader(whole[:size]), testLimit)
		want, wantErr := 0, io.ErrUnexpectedEOF
		if size >= second {
			want = 1
		}
		if size == 0 || size == second {
			wantErr = nil
		}
		if len(records) != want || !errors.Is(err, wantErr) {
			t.Errorf("%d bytes: got %d records, %v; want %d, %v", size, len(records), err, want, wantErr)
		}
	}
}

func TestReaderPassesOnSourceError(t *testing.T) {
	failure := errors.New("disk failure")
	for _, size := range []int{0, 3, headerSize, headerSize + 2} {
		src := io.MultiReader(bytes.NewReader(frames("first")[:size]), iotest.ErrReader(failure))
		if _, err := readAll(src, testLimit); !errors.Is(err, failure) {
			t.Errorf("after %d bytes: got %v, want %v", size, err, failure)
		}
	}
}

// A header alone may announce the whole limit; memory must not follow it.
func TestReaderAllocatesByWhatArrives(t *testing.T) {
	const announced = 1 << 30
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readAll(bytes.NewReader(header(announced)), announced)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("allocated %d bytes for a file of %d", used, headerSize)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 300)).Draw(t, "records")
		var file []byte
		for _, record := range want {
			file = Append(file, record)
		}
		got, err := readAll(iotest.HalfReader(bytes.NewReader(file)), testLimit)
		if err != nil || len(got) != len(want) {
			t.Fatalf("got %d records and %v, want %d", len(got), err, len(want))
		}
		for i := range want {
			if got[i] != string(want[i]) {
				t.Errorf("record %d: got %q, want %q", i, got[i], want[i])
			}
		}
	})
}

// Records that are read and written again make the same bytes.
func FuzzReader(f *testing.F) {
	f.Add([]byte{})
	f.Add(frames("first", "", "third"))
	f.Add(frames("first", "second")[:30])
	f.Add(append(frames("first"), header(1<<40)...))
	f.Add(append(frames("first"), make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, file []byte) {
		records, err := readAll(bytes.NewReader(file), testLimit)
		again := frames(records...)
		if !bytes.HasPrefix(file, again) {
			t.Errorf("records read make %x, the file had %x", again, file)
		}
		if err == nil && len(again) != len(file) {
			t.Errorf("got no error at byte %d of %d", len(again), len(file))
		}
	})
}

func Example() {
	var file []byte
	for _, record := range []string{"cat", "dog"} {
		file = Append(file, []byte(record))
	}
	file = file[:len(file)-1] // as after a power failure

	for record, err := range Read(bytes.NewReader(file), 1<<20) {
		if err != nil {
			fmt.Println("truncated:", errors.Is(err, io.ErrUnexpectedEOF))
			break
		}
		fmt.Printf("%s\n", record)
	}
	// Output:
	// cat
	// truncated: true
}
