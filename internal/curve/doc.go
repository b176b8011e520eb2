// Package curve computes precision-recall and ROC curves and the calibration of a classifier by their exact definitions,
// without interpolation. Start with [PrecisionRecall], [ROC] and [Calibrate].
//
// Every distinct score is a threshold, so the order of images with equal scores does not matter. An undefined value, such
// as recall without positives, is NaN. A NaN score ranks below all others.
package curve
