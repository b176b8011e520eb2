package finetune

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"alexnet/checkpoint"
	"alexnet/internal/regular"
)

// ConfigFile is where the run in dir keeps its Config.
func ConfigFile(dir string) string { return filepath.Join(dir, "config.json") }

// Read gives the Config that the run in dir was begun with.
func Read(dir string) (Config, error) {
	var c Config
	text, err := regular.Read(ConfigFile(dir), 64<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return c, advised{fmt.Errorf("read run %q: it holds no config.json", dir), "name the run directory; without --resume a new run begins"}
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return c, fmt.Errorf("read run %q: read config.json: %w", dir, err)
	}
	return c, nil
}

// write puts c into the run directory and gives it for what each checkpoint
// says of itself.
func (c Config) write(dir string) (json.RawMessage, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	if err := checkpoint.SweepFile(ConfigFile(dir)); err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	return text, checkpoint.WriteFile(ConfigFile(dir), append(text, '\n'))
}

// goesOn refuses to resume the run in dir with other settings than its own.
func (c Config) goesOn(dir string) error {
	old, err := Read(dir)
	if err != nil {
		return err
	}
	was, now := old.Moved(c.Data, c.Val).Settings(), c.Settings()
	var problems []string
	for name := range was {
		if was[name] != now[name] {
			problems = append(problems, fmt.Sprintf("%s: got %v, the run has %v", name, now[name], was[name]))
		}
	}
	if problems == nil {
		return nil
	}
	slices.Sort(problems)
	return advised{fmt.Errorf("resume run %q: %s", dir, strings.Join(problems, "; ")), "resume it with its own, or begin a new run"}
}
