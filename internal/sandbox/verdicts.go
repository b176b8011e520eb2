package sandbox

import (
	"bytes"
	"crypto/sha256"
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
	"strings"
	"sync"
	"syscall"
	"time"

	"alexnet/internal/atomicfile"
	"alexnet/internal/crc32c"
	"alexnet/internal/regular"
	"alexnet/tfgraph"
)

// Verdicts are kept in DIR/verdicts.csv, an image a line: path, size, times of
// its and its inode's change in ns since 1970, SHA-256 of the content, reason (none where it has
// passed), its kind, hint. The first line names the format and the decoder, the
// last has the CRC-32C of all before it. The file is replaced as a whole.
const (
	verdictsName = "verdicts.csv"
	version      = "2" // of the file, and of how images are made fit for decoding
	fields       = 8
	mostText     = 1 << 30
)

// settled is for how long a file has to have been left alone before its time of
// change tells it from what it is changed to next. FAT counts in steps of 2 s.
const settled = 2 * time.Second

// mark tells a file from what it was, without reading it. The inode changes too
// where a copy brings back size and time, as that of a backup does.
type mark struct {
	size, changed, inode int64 // bytes, and ns since 1970
}

// markOf looks at the file at path; nothing, where that cannot be relied on.
func markOf(path string) mark {
	info, err := os.Stat(path)
	if err != nil || time.Since(info.ModTime()) < settled {
		return mark{}
	}
	m := mark{size: info.Size(), changed: info.ModTime().UnixNano()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		m.inode = stat.Ctim.Nano()
	}
	return m
}

type sum [sha256.Size]byte

// seen is what was at a path.
type seen struct {
	mark
	sum
}

// verdicts are answers by content, and contents by path.
type verdicts struct {
	file string // "": kept nowhere
	note func(string)

	lock  sync.Mutex
	paths map[string]seen
	sums  map[sum]response
	used  map[string]bool // paths of this scanner's
	gone  map[sum]bool    // forgotten, whatever the file has
	news  bool
}

func openVerdicts(dir string, note func(string)) *verdicts {
	v := &verdicts{note: note, paths: map[string]seen{}, sums: map[sum]response{}, used: map[string]bool{}, gone: map[sum]bool{}}
	if dir != "" {
		v.file = filepath.Join(dir, verdictsName)
		v.load()
	}
	return v
}

// of is the verdict on what is at path, if that is as it was.
func (v *verdicts) of(path string, m mark) (response, bool) {
	if m == (mark{}) {
		return response{}, false
	}
	path = absolute(path)
	v.lock.Lock()
	defer v.lock.Unlock()
	was, ok := v.paths[path]
	if !ok || was.mark != m {
		return response{}, false
	}
	v.used[path] = true
	a, ok := v.sums[was.sum]
	return a, ok
}

// on is the verdict on a content.
func (v *verdicts) on(s sum) (response, bool) {
	v.lock.Lock()
	defer v.lock.Unlock()
	a, ok := v.sums[s]
	return a, ok
}

func (v *verdicts) add(path string, m mark, s sum, a response) {
	a.Floats = 0
	path = absolute(path)
	v.lock.Lock()
	defer v.lock.Unlock()
	if was, ok := v.sums[s]; ok && was != a {
		v.news = true
	}
	v.sums[s] = a
	delete(v.gone, s)
	if m != (mark{}) && v.paths[path] != (seen{m, s}) {
		v.paths[path], v.news = seen{m, s}, true
	}
	v.used[path] = true
}

// forget gives up the verdict on a content, as that has ended a child since.
func (v *verdicts) forget(s sum) {
	v.lock.Lock()
	defer v.lock.Unlock()
	if _, ok := v.sums[s]; ok {
		delete(v.sums, s)
		v.gone[s], v.news = true, true
	}
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func title() []string { return []string{"alexnet verdicts", version, tfgraph.Version()} }

// load takes up what the file has beside what is known. One that is damaged, or
// of another decoder, has nothing.
func (v *verdicts) load() {
	text, err := regular.Read(v.file, mostText)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			v.note(fmt.Sprintf("images are scanned anew: %v", err))
		}
		return
	}
	end := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') + 1
	if string(text[end:]) != checksum(text[:end]) {
		v.note(fmt.Sprintf("images are scanned anew: %q is damaged", v.file))
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
			return // the end: a checksum has held
		}
		if path, s, a, ok := parse(row); ok && !v.gone[s.sum] {
			if _, known := v.paths[path]; !known {
				v.paths[path] = s
			}
			if _, known := v.sums[s.sum]; !known {
				v.sums[s.sum] = a
			}
		}
	}
}

func checksum(text []byte) string { return fmt.Sprintf("%08x\n", crc32c.Checksum(text)) }

func parse(row []string) (path string, s seen, a response, ok bool) {
	if len(row) != fields {
		return "", s, a, false
	}
	var errs [5]error
	s.size, errs[0] = strconv.ParseInt(row[1], 10, 64)
	s.changed, errs[1] = strconv.ParseInt(row[2], 10, 64)
	s.inode, errs[2] = strconv.ParseInt(row[3], 10, 64)
	content, err := hex.DecodeString(row[4])
	errs[3] = err
	a.Reason, a.Hint = row[5], row[7]
	a.Kind, errs[4] = strconv.Atoi(row[6])
	if errors.Join(errs[:]...) != nil || len(content) != len(s.sum) {
		return "", s, a, false
	}
	s.sum = sum(content)
	return row[0], s, a, true
}

// save keeps what was found, beside what others have found meanwhile, but
// forgets images that are gone. Where it cannot, the next scan takes longer.
func (v *verdicts) save() {
	if v.file == "" || !v.news {
		return
	}
	v.load()
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	rows := [][]string{title()}
	for _, path := range slices.Sorted(maps.Keys(v.paths)) {
		if _, err := os.Lstat(path); !v.used[path] && err != nil {
			continue
		}
		s := v.paths[path]
		a, ok := v.sums[s.sum]
		if !ok {
			continue
		}
		rows = append(rows, []string{path, strconv.FormatInt(s.size, 10), strconv.FormatInt(s.changed, 10), strconv.FormatInt(s.inode, 10),
			hex.EncodeToString(s.sum[:]), a.Reason, strconv.Itoa(a.Kind), a.Hint})
	}
	err := w.WriteAll(rows)
	text.WriteString(checksum(text.Bytes()))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(v.file), 0o777)
	}
	if err == nil {
		v.sweep()
		err = atomicfile.Write(v.file, text.Bytes())
	}
	if err != nil {
		v.note(fmt.Sprintf("images will be scanned again the next time: %v", err))
	}
}

// sweep removes what processes that died in save have left. Others may be saving
// right now, which takes no hour.
func (v *verdicts) sweep() {
	entries, _ := os.ReadDir(filepath.Dir(v.file)) // a wish: what stays does no harm
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), "."+verdictsName+".") && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(filepath.Join(filepath.Dir(v.file), e.Name()))
		}
	}
}
