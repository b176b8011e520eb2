package main

// last is the state after the last epoch.
func (o *outcome) last() point { return o.Points[len(o.Points)-1] }

// ready is the seconds from the program's start to its first step.
func (o *outcome) ready() float64 { return o.Points[0].Seconds }

// first is the seconds of the first epoch, including its validation.
func (o *outcome) first() float64 { return o.Points[1].Seconds - o.Points[0].Seconds }

// later is the mean seconds of the epochs after the first, or the first's if it is the only one.
func (o *outcome) later() float64 {
	if len(o.Points) == 2 {
		return o.first()
	}
	return (o.last().Seconds - o.Points[1].Seconds) / float64(len(o.Points)-2)
}

// at is the seconds from the program's start to the end of an epoch. Beyond the last epoch it is extrapolated by later,
// and measured is false.
func (o *outcome) at(epoch int) (seconds float64, measured bool) {
	if epoch < len(o.Points) {
		return o.Points[epoch].Seconds, true
	}
	return o.last().Seconds + float64(epoch-o.last().Epoch)*o.later(), false
}

// reached is the seconds until the accuracy was first reached.
func (o *outcome) reached(accuracy float64) (seconds float64, ok bool) {
	for _, p := range o.Points[1:] {
		if p.Accuracy >= accuracy {
			return p.Seconds, true
		}
	}
	return 0, false
}
