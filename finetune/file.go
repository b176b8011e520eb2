package finetune

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"alexnet/checkpoint"
	"alexnet/internal/atomicfile"
	"alexnet/internal/hint"
	"alexnet/internal/regular"
	"alexnet/internal/rundir"
	"alexnet/train"
)

// ConfigFile is where the run in dir keeps its Config.
func ConfigFile(dir string) string { return rundir.Dir(dir).Config() }

// ReadConfig gives the Config that the run in dir was begun with: config.json's, or where
// that is gone or damaged, what the newest checkpoint says of it.
func ReadConfig(dir string) (Config, error) {
	c, gone, err := readFile(dir)
	if !gone {
		return c, err
	}
	if all, _ := train.Checkpoints(dir).List(); len(all) > 0 {
		if sealed, ok := sealedIn(all[len(all)-1]); ok {
			return sealed, nil
		}
	}
	return c, err
}

// readFile reads config.json, and tells whether it is gone or damaged.
func readFile(dir string) (c Config, gone bool, err error) {
	text, err := regular.Read(ConfigFile(dir), 64<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return c, true, hint.With(fmt.Errorf("read run %q: it holds no config.json", dir), "name the run directory; without --resume a new run begins")
	}
	if err != nil {
		return c, false, fmt.Errorf("read run %q: read config.json: %w", dir, err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, true, hint.With(fmt.Errorf("read run %q: read config.json: %w", dir, err), "no checkpoint has its settings either: begin a new run in another folder")
	}
	return c, false, nil
}

// sealedIn is the Config that a checkpoint keeps under its checksum, if it does.
func sealedIn(m checkpoint.Meta) (c Config, ok bool) {
	err := json.Unmarshal(m.Config, &c)
	return c, err == nil && c.Data != ""
}

// write puts c into the run directory and gives it for what each checkpoint
// says of itself.
func (c Config) write(dir string) (json.RawMessage, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	return text, replace(ConfigFile(dir), append(text, '\n'))
}

// replace writes a file that nobody else does, and removes what processes that died
// over it have left.
func replace(path string, data []byte) error {
	return errors.Join(atomicfile.Sweep(path, 0), atomicfile.Write(path, data))
}

// goesOn refuses to resume the run in dir with other settings than its own.
func (c Config) goesOn(dir string) error {
	old, err := ReadConfig(dir)
	if err != nil {
		return err
	}
	if problems := c.against(old, "the run has"); problems != "" {
		return hint.With(fmt.Errorf("resume run %q: %s", dir, problems), "resume it with its own, or begin a new run")
	}
	return nil
}

// against names the settings that may not change and are others in old; has says
// whose those are.
func (c Config) against(old Config, has string) string {
	old = old.WithPaths(c.Data, c.Val)
	var problems []string
	for _, s := range Settings {
		if err := s.compare(c, old, has); err != nil && !s.changeable {
			problems = append(problems, err.Error())
		}
	}
	return strings.Join(problems, "; ")
}

// seal takes from the checkpoint that the run goes on from what config.json alone
// does not vouch for, and refuses settings that are others there.
func (s *session) seal() error {
	sealed, ok := sealedIn(*s.from)
	if !ok {
		return nil
	}
	if !filepath.IsAbs(sealed.Weights) { // of a run that kept it as it was typed
		sealed.Weights = s.Weights
	}
	if problems := s.against(sealed, s.from.Name+" has"); problems != "" {
		return hint.With(fmt.Errorf("resume run %q: %s and its checkpoint contradict each other: %s", s.dir, ConfigFile(s.dir), problems),
			"remove config.json: the checkpoint's settings are taken then")
	}
	s.Fingerprint, s.TrainCount, s.Excluded = sealed.Fingerprint, sealed.TrainCount, sealed.Excluded
	if _, gone, err := readFile(s.dir); gone {
		s.log.Warn("the newest checkpoint's settings are used, and config.json is written anew", "reason", err)
	}
	return nil
}
