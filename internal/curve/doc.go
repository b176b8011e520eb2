// Package curve measures how well probabilities rank and how far they can be believed, by the exact definitions and
// without interpolation. Start with [PrecisionRecall] and [ROC], and with [Calibrate] for a whole classifier.
//
// Every distinct score is a threshold, so pictures with equal scores are taken together and their order does not
// matter. What is not defined, as a recall without a positive, is NaN, never a number that looks like a result. A
// score that is NaN ranks below all others.
package curve
