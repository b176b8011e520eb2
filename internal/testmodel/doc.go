// Package testmodel makes finished models too small to be of use, for the tests
// of what uses one. Start with [Write] and [Picture].
//
// A specimen's weights are drawn, not learned; what it says of a picture is
// always the same and means nothing. Only tests import this package.
package testmodel
