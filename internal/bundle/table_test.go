package bundle

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// checkFormat checks that err is a *FormatError with these words.
func checkFormat(t *testing.T, err error, words ...string) {
	t.Helper()
	var format *FormatError
	if !errors.As(err, &format) {
		t.Fatalf("got %v, want a *FormatError with %q", err, words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want %q in it", err, word)
		}
	}
}

func collect(table []byte) ([]pair, error) {
	var pairs []pair
	err := walkTable(table, func(r record) error {
		pairs = append(pairs, pair{string(r.key), slices.Clone(r.value)})
		return nil
	})
	return pairs, err
}

func TestWalkTable(t *testing.T) {
	pairs := []pair{{"", nil}, {"a", []byte{1}}, {"ab", nil}, {"abc", []byte("value")}, {"b", make([]byte, 300)}, {"\xff\xff", nil}}
	for _, l := range []layout{{}, {1, 1}, {1, 16}, {3, 2}, {1 << 20, 1}, {1 << 20, 3}} {
		got, err := collect(encodeTable(pairs, l))
		equal := func(a, b pair) bool { return a.key == b.key && string(a.value) == string(b.value) }
		if err != nil || !slices.EqualFunc(got, pairs, equal) {
			t.Errorf("%+v: got %q, %v; want %q", l, got, err, pairs)
		}
	}
}

// tableOf is a table of one data block with these contents and this separator.
func tableOf(contents []byte, kind byte, separator string) []byte {
	table, h := appendBlock(nil, contents, kind)
	return appendEnd(table, nil, []pair{{separator, h}})
}

// blockOf is a block of records with restart points as given.
func blockOf(records []byte, restarts ...uint32) []byte {
	for _, r := range append(restarts, uint32(len(restarts))) {
		records = binary.LittleEndian.AppendUint32(records, r)
	}
	return records
}

func TestWalkTableFaults(t *testing.T) {
	a := appendRecord(nil, 0, "a", nil)
	one := blockOf(a, 0)
	good := tableOf(one, 0, "a")
	oneBlock, h := appendBlock(nil, one, 0)
	twice, h2 := appendBlock(oneBlock, blockOf(appendRecord(nil, 0, "b", nil), 0), 0)
	tests := []struct {
		name, want string
		table      []byte
	}{
		{"nothing", "0 bytes", nil},
		{"shorter than a footer", "47 bytes", good[:47]},
		{"cut at the front", "two blocks before the footer", good[1:]},
		{"cut at the end", "which ends a table", good[:len(good)-1]},
		{"more at the end", "which ends a table", append(slices.Clone(good), 0)},
		{"snappy", "compressed with snappy", tableOf(one, 1, "a")},
		{"another compression", "compression 2", tableOf(one, 2, "a")},
		{"empty data block", "a block with records", tableOf(blockOf(nil, 0), 0, "a")},
		{"block without room", "restart point", tableOf([]byte{0, 0, 0, 0}, 0, "a")},
		{"no restart points", "1 to", tableOf(blockOf(a), 0, "a")},
		{"too many restart points", "1 to", tableOf(binary.LittleEndian.AppendUint32(a[:4:4], 1<<30), 0, "a")},
		{"sharing more than there is", "after a key of 0 bytes", tableOf(blockOf(appendRecord(nil, 1, "b", nil), 0), 0, "b")},
		{"key beyond the block", "a key and a value", tableOf(blockOf([]byte{0, 2, 0, 'a'}, 0), 0, "a")},
		{"value beyond the block", "a key and a value", tableOf(blockOf([]byte{0, 1, 9, 'a'}, 0), 0, "a")},
		{"length beyond uint64", "a key and a value", tableOf(blockOf([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0), 0, "a")},
		{"the same key twice", "above \"a\"", tableOf(blockOf(slices.Concat(a, a), 0), 0, "a")},
		{"descending keys", "above \"b\"", tableOf(blockOf(appendRecord(appendRecord(nil, 0, "b", nil), 0, "a", nil), 0), 0, "b")},
		{"separator below the block", "above \"a\"", tableOf(one, 0, "")},
		{"separator not below the next block", "above \"b\"", appendEnd(twice, nil, []pair{{"b", h}, {"c", h2}})},
		{"the same block twice", "without a gap", appendEnd(oneBlock, nil, []pair{{"a", h}, {"b", h}})},
		{"a missing block", "bytes outside any block", appendEnd(twice, nil, []pair{{"a", h}})},
		{"handle with more behind it", "without a gap", appendEnd(oneBlock, nil, []pair{{"a", append(h, 0)}})},
		{"handle cut", "without a gap", appendEnd(oneBlock, nil, []pair{{"a", h[:1]}})},
		{"handle beyond the file", "without a gap", appendEnd(oneBlock, nil, []pair{{"a", binary.AppendUvarint([]byte{0}, 1<<63)}})},
	}
	if _, err := collect(good); err != nil {
		t.Fatalf("the table without a fault: %v", err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := collect(test.table)
			checkFormat(t, err, test.want)
		})
	}
}

// Prefix compression can store keys whose sum is the square of the file's size.
func TestWalkTableKeyExpansion(t *testing.T) {
	block := appendRecord(nil, 0, strings.Repeat("k", 4000), nil)
	for i := range 200 {
		block = appendRecord(block, 4000, string([]byte{byte(i)}), nil)
	}
	_, err := collect(tableOf(blockOf(block, 0), 0, "l"))
	checkFormat(t, err, "16 times")
}
