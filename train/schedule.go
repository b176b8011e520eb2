package train

// schedule is the learning rate, a pure function of where the run stands.
type schedule struct{ initial float64 }

// at is the learning rate of the next step: constant, but for a tenth each time that
// a run with OnNaN LowerRate was rolled back.
func (s schedule) at(p position) float64 {
	rate := s.initial
	for range p.Lowered {
		rate /= 10
	}
	return rate
}
