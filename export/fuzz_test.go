package export

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"alexnet/alexnet"
	"alexnet/checkpoint"
)

var tiny = alexnet.Description{
	Network:       alexnet.Config{Classes: 2, Size: 67, Widths: []int{2, 2, 2, 2, 2, 2, 2}},
	Preprocessing: alexnet.Config{Size: 67}.Preprocessing(alexnet.Squash, true, []string{"cat", "dog"}),
}

// tinyCard has no files.
func tinyCard() *Card {
	return &Card{Format: format, Checkpoint: checkpoint.Meta{Name: "model_epoch1.ckpt", Model: tiny.JSON()}, description: tiny}
}

// An accepted card has a valid description and is unchanged by writing and parsing it again.
func FuzzCard(f *testing.F) {
	c := tinyCard()
	c.Files = []file{{graphFile, 1, "00"}}
	c.Fingerprint = c.sum()
	text, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c *Card
		var err error
		if n := allocated(func() { c, err = parseCard(text) }); n > 1<<20+100*len(text) {
			t.Fatalf("allocated %d bytes for %d", n, len(text))
		}
		if err != nil {
			return
		}
		if err := c.description.Validate(); err != nil {
			t.Errorf("got a card of %v", err)
		}
		// What is indented takes more the deeper it lies; a signature's tensor stands as words.
		n := allocated(func() { _, err = c.markdown() })
		if n > 1<<20+1000*len(text) {
			t.Errorf("allocated %d bytes to write %d for people", n, len(text))
		}
		if err != nil && len(c.Checkpoint.Config) == 0 {
			t.Errorf("write it for people: %v", err)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		second, err := parseCard(again)
		if err != nil {
			t.Fatalf("read it again: %v", err)
		}
		if third, err := json.Marshal(second); err != nil || !bytes.Equal(third, again) {
			t.Errorf("got %s, %v, want the same as %s", third, err, again)
		}
	})
}

// Any graph file gives an error or a list.
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
	f.Add(manyOf(0x0a, 100))
	f.Add(repeated(0x12, nil, 100))
	f.Fuzz(func(t *testing.T, text []byte) {
		var found *Contents
		var err error
		// Two bytes may be a graph, with a map for each of its parts.
		if n := allocated(func() { found, err = parseGraph(text) }); n > 1<<20+300*len(text) {
			t.Fatalf("allocated %d bytes for %d", n, len(text))
		}
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

// allocated is how many bytes f takes from the heap.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// repeated is a field n times with the same contents.
func repeated(tag byte, inside []byte, n int) []byte {
	return bytes.Repeat(protowire.AppendBytes([]byte{tag}, inside), n)
}

// manyOf is a SavedModel of n empty fields of its graph: 0x0a are nodes.
func manyOf(tag byte, n int) []byte {
	return repeated(0x12, repeated(0x12, repeated(tag, nil, n), 1), 1)
}

// A file of empty messages takes memory in proportion to its size, and is refused if it has too many.
func TestGraphOfManyMessages(t *testing.T) {
	n := maxMessages / 64
	for name, text := range map[string][]byte{"nodes": manyOf(0x0a, n), "graphs": repeated(0x12, nil, n)} {
		var err error
		got := allocated(func() { _, err = parseGraph(text) })
		if err != nil || got > 1<<20+300*len(text) {
			t.Errorf("%s: got %v with %d bytes allocated for %d", name, err, got, len(text))
		}
		t.Logf("%s: %d bytes allocated for %d", name, got, len(text))
	}
	text := manyOf(0x0a, maxMessages)
	var err error
	if got := allocated(func() { _, err = parseGraph(text) }); err == nil || got > 1<<20 {
		t.Errorf("got %v with %d bytes allocated for %d, want it refused before", err, got, len(text))
	}
}

// Formatting a tensor of many dimensions takes memory in proportion to them.
func TestTensorOfManyDimensions(t *testing.T) {
	x := Tensor{Name: "x", DType: "float32", Shape: make([]int64, 20000)}
	var text string
	if got := allocated(func() { text = x.String() }); got > 4<<20 || !strings.HasPrefix(text, "x float32[0,0,") {
		t.Errorf("got %.20q with %d bytes allocated for %d", text, got, len(text))
	}
}
