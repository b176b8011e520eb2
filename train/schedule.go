package train

// schedule is the learning rate, a pure function of where the run stands.
type schedule struct{ initial float64 }

// at returns the learning rate of the next step: the initial one, divided by 10 for
// every rollback of OnNaN LowerLearningRate.
func (s schedule) at(p position) float64 {
	learningRate := s.initial
	for range p.Lowered {
		learningRate /= 10
	}
	return learningRate
}
