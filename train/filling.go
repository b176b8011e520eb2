package train

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"alexnet/input"
	"alexnet/internal/atomicfile"
	"alexnet/internal/featurecache"
	"alexnet/internal/regular"
)

// filling is what a run set out to compute of the frozen layers. It stands in the
// run directory as long as that is under way: a image's last bits depend on its
// place among those computed at once, so a run that was killed has to resume in the
// same groups.
type filling struct {
	Images  string  `json:"images"`  // a hash that tells them from others
	Missing [][]int `json:"missing"` // from each store, by image
}

// planFilling settles which images the stores lack. Where rows outlive the
// process, it is written down, or what a process before has written still holds.
func (r *run) planFilling(all []input.Example, prefixes []*frozenLayers, stores []featurecache.Store) ([][]int, error) {
	now := filling{Images: hashOf(all)}
	total := 0
	var counts []int
	for i, p := range prefixes {
		counts = append(counts, len(p.loader.Examples))
		now.Missing = append(now.Missing, missing(stores[i], counts[i]))
		total += len(now.Missing[i])
	}
	if _, outlives := r.store.(*featurecache.File); !outlives || total == 0 {
		return now.Missing, nil
	}
	if before := readFilling(r.dir.filling); before.covers(now, counts) {
		return before.Missing, nil
	}
	text, err := json.Marshal(now)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.Write(r.dir.filling, text); err != nil {
		return nil, &cacheWriteError{err}
	}
	return now.Missing, nil
}

// endFilling is when the stores have all that can be computed. A plan that cannot
// be removed does no harm.
func (r *run) endFilling() {
	if err := os.Remove(r.dir.filling); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.note(fmt.Sprintf("a file that is not needed any more stays: %v", err))
	}
}

// readFilling gives the zero value where there is none, or none that is whole.
func readFilling(path string) (f filling) {
	text, err := regular.Read(path, 1<<30)
	if err != nil || json.Unmarshal(text, &f) != nil {
		return filling{}
	}
	return f
}

// covers tells whether what is missing now, of so many images of each store, is
// a rest of f.
func (f filling) covers(now filling, counts []int) bool {
	if f.Images != now.Images || len(f.Missing) != len(now.Missing) {
		return false
	}
	for i, rest := range now.Missing {
		if plan := f.Missing[i]; !slices.IsSorted(plan) || len(plan) > 0 && (plan[0] < 0 || plan[len(plan)-1] >= counts[i]) {
			return false
		}
		for _, k := range rest {
			if _, planned := slices.BinarySearch(f.Missing[i], k); !planned {
				return false
			}
		}
	}
	return true
}

func missing(store featurecache.Store, count int) (all []int) {
	for i := range count {
		if !store.Has(i) {
			all = append(all, i)
		}
	}
	return all
}

// rest are the groups of a plan in which anything is still missing.
func rest(plan []int, store featurecache.Store) (order []int) {
	for group := range slices.Chunk(plan, featureBatch) {
		if slices.ContainsFunc(group, func(i int) bool { return !store.Has(i) }) {
			order = append(order, group...)
		}
	}
	return order
}

func hashOf(examples []input.Example) string {
	h := sha256.New()
	for _, p := range cacheEntries(examples) {
		fmt.Fprintf(h, "%q %d\n", p.Path, p.Variant)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}
