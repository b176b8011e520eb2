package savedmodel

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"alexnet/alexnet"
	"alexnet/checkpoint"
)

var tiny = checkpoint.Meta{
	Name:     "model_epoch1.ckpt",
	Network:  alexnet.Config{Classes: 2, Size: 67, Widths: alexnet.Widths{Conv: [5]int{2, 2, 2, 2, 2}, FC: [2]int{2, 2}}},
	Contract: alexnet.NewContract(67, alexnet.Squash, true, []string{"cat", "dog"}),
}

// A card that is accepted can be used: its network can be built, and it is read again
// as the same.
func FuzzCard(f *testing.F) {
	c := &Card{Format: format, Checkpoint: tiny, Files: []File{{graphFile, 1, "00"}}}
	c.Fingerprint = c.sum()
	text, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseCard(text)
		if err != nil {
			return
		}
		if err := c.Checkpoint.Validate(); err != nil {
			t.Errorf("got a card of %v", err)
		}
		if _, err := c.markdown(); err != nil && len(c.Checkpoint.Config) == 0 {
			t.Errorf("write it for people: %v", err)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseCard(again); err != nil {
			t.Errorf("read it again: %v", err)
		}
	})
}

// Whatever a graph's file holds, it is an error or a list.
func FuzzGraph(f *testing.F) {
	g, err := build(tiny)
	if err != nil {
		f.Fatal(err)
	}
	g.def.Node = nil // the signatures matter; a smaller seed is mutated faster
	g.def.Library.Function = nil
	text, err := g.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte{})
	empty, err := proto.Marshal(g.signatures()["features"])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(empty)
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := parseGraph(text)
		if err != nil {
			if found != nil {
				t.Error("got both a list and an error")
			}
			return
		}
		for _, s := range found.Signatures {
			for _, tensor := range append(s.Inputs, s.Outputs...) {
				if !strings.HasPrefix(tensor.String(), tensor.Name+" ") {
					t.Errorf("got %q of %q", tensor, tensor.Name)
				}
			}
		}
		if _, err := json.Marshal(found); err != nil {
			t.Error(err)
		}
	})
}
