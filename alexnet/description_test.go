package alexnet_test

import (
	"bytes"
	"testing"

	"alexnet/alexnet"
)

// Features are shared by runs that differ in their classes, and by no runs that differ in anything that changes an
// activation.
func TestFeatureKey(t *testing.T) {
	describe := func(change func(*alexnet.Description)) []byte {
		config := alexnet.Config{Classes: 2}.WithDefaults()
		d := alexnet.Description{Network: config, Preprocessing: config.Preprocessing(alexnet.Squash, true, []string{"cat", "dog"})}
		change(&d)
		return d.FeatureKey()
	}
	key := describe(func(*alexnet.Description) {})
	same := describe(func(d *alexnet.Description) {
		d.Network.Classes, d.Preprocessing.Classes = 3, []string{"cat", "dog", "fox"}
	})
	if !bytes.Equal(same, key) {
		t.Errorf("other classes: got key %s, want %s", same, key)
	}
	for name, change := range map[string]func(*alexnet.Description){
		"resize":      func(d *alexnet.Description) { d.Preprocessing.Resize = alexnet.Crop },
		"orientation": func(d *alexnet.Description) { d.Preprocessing.Orientation = false },
		"mean":        func(d *alexnet.Description) { d.Preprocessing.MeanRGB[0]++ },
		"decode":      func(d *alexnet.Description) { d.Preprocessing.Decode = alexnet.DecodeFast },
		"LRN":         func(d *alexnet.Description) { d.Network.LRN = alexnet.LRNKernel },
		"bfloat16":    func(d *alexnet.Description) { d.Network.BFloat16 = alexnet.BVLC.LayerNames()[:1] },
		"size":        func(d *alexnet.Description) { d.Network.Size++ },
	} {
		if bytes.Equal(describe(change), key) {
			t.Errorf("another %s: got the same key, want a different one", name)
		}
	}
}
