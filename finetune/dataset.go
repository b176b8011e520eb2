package finetune

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/content"
	"alexnet/internal/display"
	"alexnet/internal/hint"
	"alexnet/internal/rundir"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
	"alexnet/train"
)

// OpenData opens the dataset of a run of c, with the same splits as long as its files are unchanged. It decodes
// nothing, and reads only files whose content UserCacheDir does not know.
func (c Config) OpenData() (*input.Dataset, error) {
	contents := content.Open(c.UserCacheDir, nil)
	defer contents.Save()
	return c.openData(contents)
}

func (c Config) openData(contents *content.Index) (*input.Dataset, error) {
	formats, err := input.ParseFormats(c.Formats)
	if err != nil {
		return nil, err
	}
	return input.Open(c.Data, input.Options{Val: c.Val, Layout: c.Layout, Seed: c.Seed, Formats: formats, Limits: c.limits(), Contents: contents})
}

func (c Config) limits() input.Limits { return input.Limits{MaxPixels: c.MaxPixels} }

// openData opens the dataset and sets the network's number of classes. Notes about the dataset are logged.
func (s *session) openData() (err error) {
	if s.data, err = s.Config.openData(s.contents); err != nil {
		return err
	}
	for _, note := range s.data.Notes {
		s.log.Info(note)
	}
	for _, warning := range s.data.Warnings {
		s.log.Warn(warning)
	}
	s.Network.Classes = len(s.data.Classes)
	return nil
}

// listUndecodable decodes every image and trains nothing: its error is an input.Listed.
func (s *session) listUndecodable(ctx context.Context) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if err := s.openData(); err != nil {
		return s.BadImages.ApplyOnOpen(err)
	}
	s.Config = s.WithDefaults()
	preprocessing := s.preprocessing(s.data.Classes)
	decoder, err := s.newDecoder(preprocessing)
	if err != nil {
		return err
	}
	defer decoder.Close()
	if err := s.openSandbox(preprocessing, decoder, s.UserCacheDir); err != nil {
		return err
	}
	defer s.pool.Close()
	undecodable, err := s.loader(decoder, slices.Concat(s.data.Train, s.data.Val), 1).Verify(ctx)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	return s.applyPolicy(slices.Concat(s.data.Excluded, undecodable))
}

// applyPolicy skips bad images or returns an error, as BadImages says. The log names the
// first ones; excluded.csv has all.
func (s *session) applyPolicy(problems []input.Excluded) error {
	const named = display.Shown
	return s.BadImages.Apply(problems, func(p input.Excluded) {
		if s.skipped = append(s.skipped, p); len(s.skipped) <= named {
			s.log.Warn("excluded", "path", p.Path, "reason", p.Reason)
		}
	})
}

// openSandbox opens the pool that decodes images for the first time in child processes, and caches its verdicts in dir.
func (s *session) openSandbox(preprocessing alexnet.Preprocessing, decoder *decoder, dir string) (err error) {
	inProcess := decoder.loader(nil, 1)
	inProcess.Limits = s.limits()
	s.pool, err = sandbox.Open(sandbox.Options{Preprocessing: preprocessing, Limits: s.limits(), Fast: inProcess.Load,
		Dir: dir, Contents: s.contents, Note: func(text string) { s.log.Info(text) },
		Warn: s.warnings.Add})
	return err
}

const noValidation = "no images to validate on: accuracy is not measured"

func (s *session) loader(decoder *decoder, examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	l := decoder.loader(examples, batch)
	l.Limits, l.Sandbox = s.limits(), s.pool
	return l
}

// dataset opens the loaders of the training and validation split.
func (s *session) dataset(decoder *decoder) train.Dataset {
	d := train.Dataset{Train: s.loader(decoder, s.data.Train, s.Batch), Classes: s.data.Classes}
	s.log.Info("images", "train", len(s.data.Train), "validation", len(s.data.Val), "classes", len(s.data.Classes), "layout", s.data.Layout)
	if len(s.data.Val) > 0 {
		d.Val = s.loader(decoder, s.data.Val, min(s.Batch, 64))
	} else {
		s.log.Warn(noValidation + "; use --val 0.2 to hold out 20 %")
	}
	return d
}

// finalizeDataset applies the policy to the images that cannot be decoded, once all
// have been tried, and writes the dataset and the settings to the run directory. A
// resumed run excludes the same images as before, whatever can be decoded now.
func (s *session) finalizeDataset(undecodable []input.Excluded) (json.RawMessage, error) {
	s.pool.Close()
	dir := rundir.Dir(s.dir)
	if s.from != nil {
		excluded := s.excludedIn(s.data)
		if missing := notIn(undecodable, excluded); missing != nil {
			return nil, s.missingError(missing)
		}
		undecodable = excluded
	}
	if err := s.applyPolicy(undecodable); err != nil {
		return nil, err
	}
	used, noneErr := input.Exclude(s.data.Train, undecodable)
	if s.from != nil && s.TrainCount != len(used) {
		return nil, s.datasetError()
	}
	if err := dir.WriteExcluded(s.skipped); err != nil {
		return nil, err
	}
	if len(s.skipped) > 0 {
		s.log.Warn("some files are excluded", "count", len(s.skipped), "list", dir.Excluded())
	}
	warnings := s.warnings.All()
	if err := dir.AddWarnings(warnings); err != nil {
		return nil, err
	}
	if len(warnings) > 0 {
		s.log.Warn("some images decode with warnings and may be incomplete", "count", len(warnings), "list", dir.Warnings())
	}
	if noneErr != nil {
		return nil, noneErr
	}
	var empty []string
	for i, n := range input.Counts(used, len(s.data.Classes)) {
		if n == 0 {
			empty = append(empty, strconv.Quote(s.data.Classes[i]))
		}
	}
	if empty != nil {
		return nil, hint.With(fmt.Errorf("train on %q: these classes have no usable image left: %s", s.Data, strings.Join(empty, ", ")),
			"fix some of the files listed in "+dir.Excluded()+", or remove the classes")
	}
	if len(s.data.Val) > 0 && len(input.Without(s.data.Val, undecodable)) == 0 {
		s.log.Warn(noValidation+": none of them can be decoded", "count", len(s.data.Val))
	}
	s.Excluded = &ExcludedNames{Train: namesOf(s.data.Train, undecodable), Val: namesOf(s.data.Val, undecodable)}
	s.TrainCount, s.datasetFinal = len(used), true
	inventory := s.data.Inventory(undecodable)
	s.Fingerprint = fingerprint(inventory)
	if err := dir.WriteDataset(inventory); err != nil {
		return nil, err
	}
	return s.absolute().write(s.dir)
}
