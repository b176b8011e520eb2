package serve

import "sync"

// allowance is a stock that is shared without waiting: who finds too little
// left is refused.
type allowance struct {
	mu         sync.Mutex
	used, most int64
}

func (a *allowance) take(n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n > a.most-a.used {
		return false
	}
	a.used += n
	return true
}

func (a *allowance) give(n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used -= n
}

func (a *allowance) inUse() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used
}
