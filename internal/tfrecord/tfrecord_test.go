package tfrecord

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
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

// readAll returns every record up to the first error, and that error.
func readAll(r *Reader) (records []string, err error) {
	for {
		record, err := r.Next()
		if err != nil {
			return records, err
		}
		records = append(records, string(record))
	}
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
		check  func(error) bool
	}{
		{"nothing", nil, 0, func(err error) bool { return err == io.EOF }},
		{"whole", whole, 2, func(err error) bool { return err == io.EOF }},
		{"length flipped", flip(second), 1, isCorrupt(second, "length")},
		{"length's checksum flipped", flip(second + 8), 1, isCorrupt(second, "length")},
		{"data flipped", flip(second + headerSize), 1, isCorrupt(second, "data")},
		{"data's checksum flipped", flip(int64(len(whole)) - 1), 1, isCorrupt(second, "data")},
		{"zeros", make([]byte, 64), 0, isCorrupt(0, "length")},
		{"too long", frames(string(make([]byte, testLimit+1))), 0, isTooLong(testLimit + 1)},
		{"longer than int", header(1<<63 + 5), 0, isTooLong(1<<63 + 5)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reader := NewReader(iotest.OneByteReader(bytes.NewReader(test.file)), testLimit)
			records, err := readAll(reader)
			if len(records) != test.before || !test.check(err) {
				t.Errorf("got %d records, then %v; want %d", len(records), err, test.before)
			}
			if _, again := reader.Next(); again != err {
				t.Errorf("next call: got %v, want the same error %v", again, err)
			}
		})
	}
}

func header(length uint64) []byte {
	bytes := binary.LittleEndian.AppendUint64(nil, length)
	return binary.LittleEndian.AppendUint32(bytes, checksum(bytes))
}

func isCorrupt(offset int64, part string) func(error) bool {
	return func(err error) bool {
		var corrupt *CorruptError
		return errors.As(err, &corrupt) && corrupt.Offset == offset && corrupt.Part == part
	}
}

func isTooLong(length uint64) func(error) bool {
	return func(err error) bool {
		var long *LengthError
		return errors.As(err, &long) && long.Length == length && long.Limit == testLimit
	}
}

func TestReaderTruncatedAnywhere(t *testing.T) {
	whole := frames("first", "second")
	second := len(frames("first"))
	for size := range whole {
		reader := NewReader(bytes.NewReader(whole[:size]), testLimit)
		records, err := readAll(reader)
		wantRecords, wantErr, wantOffset := 0, io.ErrUnexpectedEOF, 0
		if size >= second {
			wantRecords, wantOffset = 1, second
		}
		if size == 0 || size == second {
			wantErr = io.EOF
		}
		if len(records) != wantRecords || !errors.Is(err, wantErr) || reader.Offset() != int64(wantOffset) {
			t.Errorf("%d bytes: got %d records to byte %d, %v; want %d to byte %d, %v",
				size, len(records), reader.Offset(), err, wantRecords, wantOffset, wantErr)
		}
	}
}

func TestReaderPassesOnSourceError(t *testing.T) {
	failure := errors.New("disk failure")
	for _, size := range []int{0, 3, headerSize, headerSize + 2} {
		src := io.MultiReader(bytes.NewReader(frames("first")[:size]), iotest.ErrReader(failure))
		if _, err := NewReader(src, testLimit).Next(); !errors.Is(err, failure) {
			t.Errorf("after %d bytes: got %v, want %v", size, err, failure)
		}
	}
}

// A header alone may announce the whole limit; memory must not follow it.
func TestReaderAllocatesByWhatArrives(t *testing.T) {
	const announced = 1 << 30
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := NewReader(bytes.NewReader(header(announced)), announced).Next()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("allocated %d bytes for a file of %d", used, headerSize)
	}
}

func TestReaderWithoutLimit(t *testing.T) {
	file := append(frames("first"), header(math.MaxInt-footerSize)...)
	records, err := readAll(NewReader(bytes.NewReader(file), math.MaxInt))
	if len(records) != 1 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %d records, then %v; want 1, then %v", len(records), err, io.ErrUnexpectedEOF)
	}
}

// failAfter accepts some bytes and then fails.
type failAfter struct{ left int }

func (f *failAfter) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestWriterErrorIsSticky(t *testing.T) {
	writer := NewWriter(&failAfter{left: 30})
	if err := writer.Write([]byte("fits")); err != nil {
		t.Fatal(err)
	}
	first := writer.Write([]byte("does not"))
	if !errors.Is(first, io.ErrShortWrite) {
		t.Fatalf("got %v, want %v", first, io.ErrShortWrite)
	}
	if again := writer.Write(nil); again != first {
		t.Errorf("after a failure: got %v, want %v", again, first)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 300)).Draw(t, "records")
		var file bytes.Buffer
		writer := NewWriter(&file)
		for _, record := range want {
			if err := writer.Write(record); err != nil {
				t.Fatal(err)
			}
		}
		got, err := readAll(NewReader(iotest.HalfReader(&file), testLimit))
		if err != io.EOF || len(got) != len(want) {
			t.Fatalf("got %d records and %v, want %d and EOF", len(got), err, len(want))
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
		reader := NewReader(bytes.NewReader(file), testLimit)
		records, err := readAll(reader)
		if want := file[:reader.Offset()]; !bytes.Equal(frames(records...), want) {
			t.Errorf("records read make %x, the file had %x", frames(records...), want)
		}
		if err == io.EOF && int(reader.Offset()) != len(file) {
			t.Errorf("got EOF at byte %d of %d", reader.Offset(), len(file))
		}
	})
}

func Example() {
	var file bytes.Buffer
	writer := NewWriter(&file)
	for _, record := range []string{"cat", "dog"} {
		if err := writer.Write([]byte(record)); err != nil {
			fmt.Println(err)
		}
	}
	file.Truncate(file.Len() - 1) // as after a power failure

	reader := NewReader(&file, 1<<20)
	for {
		record, err := reader.Next()
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
