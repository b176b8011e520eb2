package finetune

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"alexnet/alexnet"
	"alexnet/input"
	"alexnet/internal/content"
	"alexnet/internal/hint"
	"alexnet/internal/sandbox"
	"alexnet/tfgraph"
	"alexnet/train"
)

// OpenData opens the dataset of a run of c, with the same splits as long as its files are
// unchanged. It decodes nothing, and reads only files whose content UserCacheDir does not
// know.
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
	return input.Open(c.Data, input.Options{Val: c.Val, Seed: c.Seed, Formats: formats, Limits: c.limits(), Contents: contents})
}

func (c Config) limits() input.Limits { return input.Limits{MaxPixels: c.MaxPixels} }

// openData finds the pictures, and with them how many classes the network tells
// apart. It says what it noticed.
func (s *session) openData() (err error) {
	if s.data, err = s.Config.openData(s.contents); err != nil {
		return err
	}
	for _, note := range s.data.Notes {
		s.log.Info(note)
	}
	s.Network.Classes = len(s.data.Classes)
	s.Network = s.Network.WithDefaults()
	return nil
}

// list decodes every picture and trains nothing: its error is an input.Listed.
func (s *session) list(ctx context.Context) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if err := s.openData(); err != nil {
		return s.BadImages.ApplyOnOpen(err)
	}
	contract := s.preprocessing(s.data.Classes)
	decoder, err := alexnet.NewDecoder(contract, tfgraph.Options{})
	if err != nil {
		return err
	}
	defer decoder.Close()
	if err := s.openScanner(contract, decoder, s.UserCacheDir); err != nil {
		return err
	}
	defer s.scan.Close()
	broken, err := s.stream(decoder, slices.Concat(s.data.Train, s.data.Val), 1).Verify(ctx)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	return s.judge(slices.Concat(s.data.Excluded, broken))
}

// judge puts up with bad pictures, or not. The log names the first ones; all are
// in the run's list.
func (s *session) judge(problems []input.Excluded) error {
	const named = 10
	return s.BadImages.Apply(problems, func(p input.Excluded) {
		if s.out = append(s.out, p); len(s.out) <= named {
			s.log.Warn("left out", "path", p.Path, "reason", p.Reason)
		}
	})
}

// openScanner has pictures decoded for the first time where they do no harm, and
// keeps what is found in dir.
func (s *session) openScanner(contract alexnet.Preprocessing, decoder *alexnet.Decoder, dir string) (err error) {
	here := decoder.Loader(nil, 1)
	here.Limits = s.limits()
	s.scan, err = sandbox.Open(sandbox.Options{Preprocessing: contract, Limits: s.limits(), Fast: here.Load,
		Dir: dir, Contents: s.contents, Note: func(text string) { s.log.Info(text) }})
	return err
}

const unvalidated = "no pictures to validate on: the accuracy is not measured"

func (s *session) stream(decoder *alexnet.Decoder, examples []input.Example, batch int) *input.Loader[*tfgraph.Tensor] {
	l := decoder.Loader(examples, batch)
	l.Limits, l.Sandbox = s.limits(), s.scan
	return l
}

// loaders makes the streams of training and validation pictures.
func (s *session) loaders(decoder *alexnet.Decoder) train.Dataset {
	d := train.Dataset{Train: s.stream(decoder, s.data.Train, s.Batch), Classes: s.data.Classes}
	s.log.Info("pictures", "train", len(s.data.Train), "validation", len(s.data.Val), "classes", len(s.data.Classes), "layout", s.data.Layout)
	if len(s.data.Val) > 0 {
		d.Val = s.stream(decoder, s.data.Val, min(s.Batch, 64))
	} else {
		s.log.Warn(unvalidated + "; --val 0.2 keeps a fifth back")
	}
	return d
}

// finalizeDataset applies the policy to the images that cannot be decoded, once all
// have been tried, and writes the dataset and the settings to the run directory. A
// resumed run excludes the same images as before, whatever can be decoded now.
func (s *session) finalizeDataset(broken []input.Excluded) (json.RawMessage, error) {
	s.scan.Close()
	if s.from != nil {
		excluded := s.excludedIn(s.data)
		if lost := notIn(broken, excluded); lost != nil {
			return nil, s.missingError(lost)
		}
		broken = excluded
	}
	if err := s.judge(broken); err != nil {
		return nil, err
	}
	kept, none := input.Exclude(s.data.Train, broken)
	if s.from != nil && s.TrainCount != len(kept) {
		return nil, s.datasetError()
	}
	if err := writeLeftOut(s.dir, s.out); err != nil {
		return nil, err
	}
	if len(s.out) > 0 {
		s.log.Warn("some files are left out", "count", len(s.out), "list", ExcludedFile(s.dir))
	}
	if none != nil {
		return nil, none
	}
	if i := slices.Index(input.Counts(kept, len(s.data.Classes)), 0); i >= 0 {
		return nil, hint.With(fmt.Errorf("train on %q: class %q has no picture left that can be used", s.Data, s.data.Classes[i]),
			"mend some of those that "+ExcludedFile(s.dir)+" lists, or remove the class")
	}
	if len(s.data.Val) > 0 && len(input.Without(s.data.Val, broken)) == 0 {
		s.log.Warn(unvalidated+": none of them can be decoded", "count", len(s.data.Val))
	}
	s.Excluded = &ExcludedNames{Train: namesOf(s.data.Train, broken), Val: namesOf(s.data.Val, broken)}
	s.TrainCount, s.settled = len(kept), true
	inventory := s.data.Inventory(broken)
	s.Fingerprint = fingerprint(inventory)
	if err := replace(DatasetFile(s.dir), inventory); err != nil {
		return nil, err
	}
	return s.absolute().write(s.dir)
}
