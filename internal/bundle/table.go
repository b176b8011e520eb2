package bundle

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"alexnet/internal/crc32c"
)

const (
	tableMagic  = 0xdb4775248b80fb57
	footerSize  = 48
	trailerSize = 1 + 4 // kind of compression and checksum, after each block
	tableBlocks = "blocks that follow one another without a gap"
)

// keyExpansion bounds the total length of the keys, as a multiple of the file's size. The format can store a key as
// "the previous one plus a byte"; as TensorFlow stores one in 16 in full, its tables stay below.
const keyExpansion = 16

// record is a key, its value, and where in the file it begins. Key and value are valid until the next record.
type record struct {
	key, value []byte
	at         int64
}

// handle locates a block; its trailer comes after size bytes.
type handle struct{ offset, size uint64 }

func (h handle) end() uint64 { return h.offset + h.size + trailerSize }

// walkTable visits the records of a table in the order of their keys, which strictly ascend.
func walkTable(table []byte, visit func(record) error) error {
	meta, index, err := readFooter(table)
	if err != nil {
		return err
	}
	if _, err := readBlock(table, meta); err != nil { // filters, which a bundle does not have
		return err
	}
	contents, err := readBlock(table, index)
	if err != nil {
		return err
	}
	w := tableWalk{table: table, end: meta.offset, left: keyExpansion * len(table), visit: visit}
	if err := walkBlock(contents, int64(index.offset), w.dataBlock); err != nil {
		return err
	}
	if w.next != w.end {
		return malformed(int64(w.next), tableBlocks, "%d bytes outside any block", w.end-w.next)
	}
	return nil
}

// tableWalk is the state of walkTable from one data block to the next.
type tableWalk struct {
	table     []byte
	next, end uint64 // offset of the next block, and the end of the last one
	started   bool
	last      []byte // every later key is above it
	left      int    // bytes left for keys
	visit     func(record) error
}

// dataBlock walks the block that a record of the index block points to. The record's
// key lies between the keys of that block and those of the next.
func (w *tableWalk) dataBlock(entry record) error {
	h, n := readHandle(entry.value, w.end)
	if n != len(entry.value) || h.offset != w.next {
		return malformed(entry.at, tableBlocks, "the handle %x after a block that ends at byte %d", entry.value, w.next)
	}
	contents, err := readBlock(w.table, h)
	if err != nil {
		return err
	}
	if err := walkBlock(contents, int64(h.offset), w.record); err != nil {
		return err
	}
	if len(contents) == 2*restartSize {
		return malformed(int64(h.offset), "a block with records", "an empty one")
	}
	w.next = h.end()
	if bytes.Equal(entry.key, w.last) {
		return nil
	}
	return w.pass(entry)
}

func (w *tableWalk) record(r record) error {
	if err := w.pass(r); err != nil {
		return err
	}
	return w.visit(r)
}

// pass checks that a key is above the last one and makes it the last.
func (w *tableWalk) pass(r record) error {
	if w.left -= len(r.key); w.left < 0 {
		return malformed(r.at, fmt.Sprintf("keys of at most %d times the file together", keyExpansion), "longer ones")
	}
	if w.started && bytes.Compare(r.key, w.last) <= 0 {
		return malformed(r.at, fmt.Sprintf("a key above %q", w.last), "%q", r.key)
	}
	w.started = true
	w.last = append(w.last[:0], r.key...)
	return nil
}

// readFooter returns the handles of the metaindex and index blocks, the last two.
func readFooter(table []byte) (meta, index handle, err error) {
	start := len(table) - footerSize
	if start < 0 {
		return meta, index, malformed(0, fmt.Sprintf("at least the %d of a table's footer", footerSize), "%d bytes", len(table))
	}
	handles, magic := table[start:start+footerSize-8], binary.LittleEndian.Uint64(table[start+footerSize-8:])
	if magic != tableMagic {
		return meta, index, malformed(int64(start+footerSize-8), fmt.Sprintf("%#x, which ends a table", uint64(tableMagic)), "%#x", magic)
	}
	meta, n := readHandle(handles, uint64(start))
	index, m := readHandle(handles[n:], uint64(start))
	padding := bytes.Trim(handles[n+m:], "\x00")
	if n == 0 || m == 0 || len(padding) != 0 || meta.end() != index.offset || index.end() != uint64(start) {
		return meta, index, malformed(int64(start), "handles of the two blocks before the footer", "%x", handles)
	}
	return meta, index, nil
}

// readHandle returns the handle that b begins with and its encoded length: 0 if there
// is none, or if its block would exceed limit.
func readHandle(b []byte, limit uint64) (h handle, length int) {
	offset, n := uvarint(b)
	if n == 0 {
		return handle{}, 0
	}
	size, m := uvarint(b[n:])
	if m == 0 || limit < trailerSize || offset > limit-trailerSize || size > limit-trailerSize-offset {
		return handle{}, 0
	}
	return handle{offset, size}, n + m
}

// readBlock returns the block at h, which has to lie within the table, without its trailer.
func readBlock(table []byte, h handle) ([]byte, error) {
	checked := table[h.offset : h.offset+h.size+1]
	got := crc32c.Mask(crc32c.Checksum(checked))
	if want := binary.LittleEndian.Uint32(table[h.offset+h.size+1:]); got != want {
		return nil, malformed(int64(h.offset), fmt.Sprintf("%08x", want), "a block of %d bytes with checksum %08x", h.size, got)
	}
	const want = "an uncompressed block, as TensorFlow writes it"
	switch kind := checked[h.size]; kind {
	case 0:
		return checked[:h.size], nil
	case 1:
		return nil, malformed(int64(h.offset+h.size), want, "one compressed with snappy")
	default:
		return nil, malformed(int64(h.offset+h.size), want, "compression %d", kind)
	}
}
