package sandbox

import (
	"maps"
	"sync"
)

// Warnings are what decoders printed, by the image's path. The zero value is empty and safe for concurrent use.
type Warnings struct {
	lock   sync.Mutex
	byPath map[string]string
}

// Add keeps a warning. It has the form of [Options].Warn.
func (w *Warnings) Add(path, warning string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.byPath == nil {
		w.byPath = map[string]string{}
	}
	w.byPath[path] = warning
}

// Has reports whether an image has a warning.
func (w *Warnings) Has(path string) bool {
	w.lock.Lock()
	defer w.lock.Unlock()
	_, ok := w.byPath[path]
	return ok
}

// All is a copy.
func (w *Warnings) All() map[string]string {
	w.lock.Lock()
	defer w.lock.Unlock()
	return maps.Clone(w.byPath)
}
