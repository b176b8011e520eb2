// Package train is what a run does: the loss, its update, the loop over epochs,
// and the run directory. Start with [Run] and [Config].
//
// A run is a pure function of its Config, its images and its initial values:
// the order of images and every dropout mask follow from (seed, epoch, index),
// so a position is three integers and an interrupted run resumes exactly where
// it was. The package does not know which network it trains; the caller
// introduces one with a [Job].
package train
