// Command graft runs SavedModels as a Go program does that knows nothing of who wrote
// them: graft MANIFEST prints what they answer as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	tf "github.com/wamuir/graft/tensorflow"
)

type model struct {
	Dir    string
	Images []struct {
		Path        string
		Orientation int32
	}
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(manifest string) error {
	text, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	var models map[string]model
	if err := json.Unmarshal(text, &models); err != nil {
		return err
	}
	answers := map[string]map[string]any{}
	for name, m := range models {
		if answers[name], err = m.answer(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func (m model) answer() (map[string]any, error) {
	loaded, err := tf.LoadSavedModel(m.Dir, []string{"serve"}, nil)
	if err != nil {
		return nil, err
	}
	defer loaded.Session.Close()
	var encoded []string
	var orientations []int32
	for _, p := range m.Images {
		b, err := os.ReadFile(p.Path)
		if err != nil {
			return nil, err
		}
		encoded, orientations = append(encoded, string(b)), append(orientations, p.Orientation)
	}
	oriented, err := call(loaded, "oriented", map[string]any{"images": encoded, "orientations": orientations}, "probabilities")
	if err != nil {
		return nil, err
	}
	names := []string{"probabilities", "class", "top_classes", "top_probabilities"}
	out, err := call(loaded, "serving_default", map[string]any{"images": encoded}, names...)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"oriented": oriented[0], "serving_default": out[0], "class": out[1], "top_classes": out[2], "top_probabilities": out[3],
	}, nil
}

// call runs a signature and gives the named outputs.
func call(m *tf.SavedModel, signature string, inputs map[string]any, outputs ...string) ([]any, error) {
	s := m.Signatures[signature]
	feeds := map[tf.Output]*tf.Tensor{}
	for name, value := range inputs {
		t, err := tf.NewTensor(value)
		if err != nil {
			return nil, err
		}
		feeds[output(m, s.Inputs[name].Name)] = t
	}
	var fetches []tf.Output
	for _, name := range outputs {
		fetches = append(fetches, output(m, s.Outputs[name].Name))
	}
	tensors, err := m.Session.Run(feeds, fetches, nil)
	if err != nil {
		return nil, err
	}
	var values []any
	for _, t := range tensors {
		values = append(values, t.Value())
	}
	return values, nil
}

func output(m *tf.SavedModel, name string) tf.Output {
	operation, index, _ := strings.Cut(name, ":")
	var i int
	fmt.Sscan(index, &i)
	return m.Graph.Operation(operation).Output(i)
}
