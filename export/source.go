package export

import (
	"alexnet/alexnet"
	"alexnet/checkpoint"
)

// Source is a trained model on disk: a checkpoint of a run, or an export.
type Source struct {
	Prefix      string              // path prefix of the V2 bundle that holds the variables
	Checkpoint  checkpoint.Meta     // of an export, that of the checkpoint it was written from
	Description alexnet.Description // decoded from Checkpoint.Model
}

// Source is the model in dir, of which c is the card.
func (c *Card) Source(dir string) Source {
	return Source{Prefix: Prefix(dir), Checkpoint: c.Checkpoint, Description: c.description}
}

// Float32 is s computed in float32 throughout.
func (s Source) Float32() Source {
	s.Description.Network.BFloat16 = nil
	s.Checkpoint.Model = s.Description.JSON()
	return s
}
