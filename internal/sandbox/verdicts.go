package sandbox

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"alexnet/internal/atomicfile"
	"alexnet/internal/content"
	"alexnet/internal/crc32c"
	"alexnet/internal/regular"
	"alexnet/tfgraph"
)

// DIR/verdicts.csv has a line for each content: SHA-256, reason (empty if it has passed), kind of the reason, hint,
// warning. The first line names the format and the decoder, the last is the CRC-32C of all before it.
const (
	verdictsName   = "verdicts.csv"
	version        = "5" // of the file, and of input.Prepare
	fields         = 5
	maxVerdictFile = 1 << 30
)

// verdicts are responses by content.
type verdicts struct {
	file     string // "": in memory only
	note     func(string)
	contents *content.Index

	lock      sync.Mutex
	responses map[content.Hash]response
	used      map[content.Hash]bool // by this Pool
	forgotten map[content.Hash]bool // even if the file has them
	changed   bool
}

func openVerdicts(dir string, contents *content.Index, note func(string)) *verdicts {
	v := &verdicts{note: note, contents: contents, responses: map[content.Hash]response{}, used: map[content.Hash]bool{}, forgotten: map[content.Hash]bool{}}
	if dir != "" {
		v.file = filepath.Join(dir, verdictsName)
		v.load()
	}
	return v
}

func (v *verdicts) get(h content.Hash) (response, bool) {
	v.lock.Lock()
	defer v.lock.Unlock()
	r, ok := v.responses[h]
	if ok {
		v.used[h] = true
	}
	return r, ok
}

func (v *verdicts) add(h content.Hash, r response) {
	r.Floats = 0
	v.lock.Lock()
	defer v.lock.Unlock()
	if old, ok := v.responses[h]; !ok || old != r {
		v.changed = true
	}
	v.responses[h], v.used[h] = r, true
	delete(v.forgotten, h)
}

// forget drops the verdict on a content that has crashed a child since.
func (v *verdicts) forget(h content.Hash) {
	v.lock.Lock()
	defer v.lock.Unlock()
	if _, ok := v.responses[h]; ok {
		delete(v.responses, h)
		v.forgotten[h], v.changed = true, true
	}
}

func title() []string { return []string{"alexnet verdicts", version, tfgraph.Version()} }

// load adds the file's verdicts to those known. A file that is damaged or of another decoder has none.
func (v *verdicts) load() {
	text, err := regular.Read(v.file, maxVerdictFile)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			v.note(fmt.Sprintf("all images are verified again: %v", err))
		}
		return
	}
	end := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') + 1
	if string(text[end:]) != checksum(text[:end]) {
		v.note(fmt.Sprintf("all images are verified again: %q is damaged", v.file))
		return
	}
	r := csv.NewReader(bytes.NewReader(text[:end]))
	r.FieldsPerRecord = -1
	if first, err := r.Read(); err != nil || !slices.Equal(first, title()) {
		return
	}
	for {
		row, err := r.Read()
		if err != nil {
			return // the end, as the checksum is right
		}
		h, verdict, ok := parse(row)
		if _, known := v.responses[h]; ok && !known && !v.forgotten[h] {
			v.responses[h] = verdict
		}
	}
}

func checksum(text []byte) string { return fmt.Sprintf("%08x\n", crc32c.Checksum(text)) }

func parse(row []string) (h content.Hash, r response, ok bool) {
	if len(row) != fields {
		return h, r, false
	}
	sum, err := hex.DecodeString(row[0])
	if err != nil || len(sum) != len(h) {
		return h, r, false
	}
	r.Reason, r.Hint, r.Warning = row[1], row[3], row[4]
	r.Kind, err = strconv.Atoi(row[2])
	return content.Hash(sum), r, err == nil
}

// save writes the verdicts, merged with what other processes have added, without those
// whose files no longer exist. If it fails, images are verified again the next time.
func (v *verdicts) save() {
	v.contents.Save()
	if v.file == "" || !v.changed {
		return
	}
	exist := v.contents.Hashes()
	maps.DeleteFunc(v.responses, func(h content.Hash, _ response) bool {
		if !v.used[h] && !exist[h] {
			v.forgotten[h] = true
		}
		return v.forgotten[h]
	})
	v.load()
	if err := v.write(); err != nil {
		v.note(fmt.Sprintf("images will be verified again the next time: %v", err))
	}
}

func (v *verdicts) write() error {
	var text bytes.Buffer
	rows := [][]string{title()}
	for _, h := range slices.SortedFunc(maps.Keys(v.responses), func(a, b content.Hash) int { return bytes.Compare(a[:], b[:]) }) {
		r := v.responses[h]
		rows = append(rows, []string{hex.EncodeToString(h[:]), r.Reason, strconv.Itoa(r.Kind), r.Hint, r.Warning})
	}
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return err
	}
	text.WriteString(checksum(text.Bytes()))
	if err := os.MkdirAll(filepath.Dir(v.file), 0o777); err != nil {
		return err
	}
	if err := atomicfile.Sweep(v.file, time.Hour); err != nil {
		return err
	}
	return atomicfile.Write(v.file, text.Bytes())
}
