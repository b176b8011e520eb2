package finetune

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"alexnet/checkpoint"
	"alexnet/internal/hint"
	"alexnet/internal/rundir"
	"alexnet/train"
)

// ReadConfig returns the Config of the run in dir, from config.json or, if that is missing or damaged, from the newest
// checkpoint.
func ReadConfig(dir string) (Config, error) {
	c, missing, err := readFile(dir)
	if !missing {
		return c, err
	}
	if all, _ := train.Checkpoints(dir).List(); len(all) > 0 {
		if stored, ok := configIn(all[len(all)-1]); ok {
			return stored, nil
		}
	}
	return c, err
}

// readFile reads config.json, and reports whether it is missing or damaged.
func readFile(dir string) (c Config, missing bool, err error) {
	text, err := rundir.Dir(dir).ReadConfig()
	if errors.Is(err, fs.ErrNotExist) {
		return c, true, hint.With(fmt.Errorf("read run %q: config.json not found", dir), "name the run directory; to start a new run, name DATA")
	}
	if err != nil {
		return c, false, fmt.Errorf("read run %q: read config.json: %w", dir, err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, true, hint.With(fmt.Errorf("read run %q: read config.json: %w", dir, err), "no checkpoint has its settings either: start a new run in another folder")
	}
	return c, false, nil
}

// configIn returns the Config in the description of a checkpoint, which has a checksum.
func configIn(m checkpoint.Meta) (c Config, ok bool) {
	err := json.Unmarshal(m.Config, &c)
	return c, err == nil && c.Data != ""
}

// write writes c into the run directory and returns its JSON for the description of each checkpoint.
func (c Config) write(dir string) (json.RawMessage, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	return text, rundir.Dir(dir).WriteConfig(append(text, '\n'))
}

// checkResume returns an error if old, the settings of the run in dir, are others.
func (c Config) checkResume(dir string, old Config) error {
	if problems := c.diffSettings(old, "the run has"); problems != "" {
		return hint.With(fmt.Errorf("resume run %q: %s", dir, problems), "resume it with its own settings, or start a new run")
	}
	return nil
}

// diffSettings lists the settings that must not change and differ in old; has names the owner of old.
func (c Config) diffSettings(old Config, has string) string {
	old = old.WithPaths(c.Data, c.Val)
	var problems []string
	for _, s := range Settings {
		if err := s.compare(c, old, has); err != nil && !s.changeable {
			problems = append(problems, err.Error())
		}
	}
	return strings.Join(problems, "; ")
}

// verifyConfig takes the dataset's fingerprint and the excluded images from the checkpoint, whose checksum protects them,
// and returns an error if its settings contradict config.json.
func (s *session) verifyConfig() error {
	stored, ok := configIn(*s.from)
	if !ok {
		return nil
	}
	if !filepath.IsAbs(stored.Weights) { // a run that stored the path as typed
		stored.Weights = s.Weights
	}
	if problems := s.diffSettings(stored, s.from.Name+" has"); problems != "" {
		return hint.With(fmt.Errorf("resume run %q: %s and its checkpoint contradict each other: %s", s.dir, rundir.Dir(s.dir).Config(), problems),
			"remove config.json: the checkpoint's settings are then used")
	}
	s.Fingerprint, s.TrainCount, s.Excluded = stored.Fingerprint, stored.TrainCount, stored.Excluded
	if _, missing, err := readFile(s.dir); missing {
		s.log.Warn("the newest checkpoint's settings are used, and config.json is written again", "reason", err)
	}
	return nil
}
