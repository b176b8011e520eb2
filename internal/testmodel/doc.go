// Package testmodel writes tiny finished runs for tests. Start with [Write] and [Image].
//
// The weights are random, not learned; predictions are reproducible and meaningless. Only tests import this package.
package testmodel
