package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"alexnet/eval"
)

// With many classes, the output has the classes with the lowest recall and the most frequent confusions.
func TestPrintEvaluationOfManyClasses(t *testing.T) {
	const n = 1000
	var e evaluation
	for i := range n {
		recall := float64(i) / n
		e.Classes = append(e.Classes, fmt.Sprintf("c%03d", i))
		e.PerClass = append(e.PerClass, eval.ClassMetrics{Class: e.Classes[i], Count: 10, Recall: &recall})
		row := make([]int, n)
		row[i], row[(i+1)%n] = 10, i
		e.Confusion = append(e.Confusion, row)
	}
	var b bytes.Buffer
	if err := e.print(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"20 of 1000 classes", "c019 ", "20 of 999", "c999        c000             999\n", "c980        c981             980\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "c020") || strings.Contains(text, "c979") || len(text) > 3000 {
		t.Errorf("got %d bytes:\n%s", len(text), text)
	}
}
