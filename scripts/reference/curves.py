"""Areas under curves and calibration by their definitions, in NumPy.

    curves.py job.json result.npz

The job's cases have a name, probabilities (a row for each image), labels and bins. The result holds for each case, a value
a class, name/average_precision and name/auc (NaN where not defined), and name/ece and name/brier.
"""
import json
import sys

import numpy as np


def average_precision(scores, positive):
    """The sum over thresholds of precision times the increase in recall."""
    if not positive.any():
        return np.nan
    area, before = 0.0, 0.0
    for threshold in np.unique(scores)[::-1]:
        taken = scores >= threshold
        recall = positive[taken].sum() / positive.sum()
        area += (recall - before) * positive[taken].mean()
        before = recall
    return area


def auc(scores, positive):
    """The fraction of (positive, negative) pairs that are ranked in the right order."""
    ours, theirs = scores[positive], scores[~positive]
    if not len(ours) or not len(theirs):
        return np.nan
    difference = ours[:, None] - theirs[None, :]
    return (difference > 0).mean() + (difference == 0).mean() / 2


def expected_calibration_error(probabilities, labels, bins):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges, error = np.linspace(0, 1, bins + 1), 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def main(job_path, result_path):
    with open(job_path, encoding="utf-8") as f:
        job = json.load(f)
    result = {}
    for case in job["cases"]:
        p, labels = np.array(case["probabilities"], np.float32).astype(float), np.array(case["labels"])
        classes = range(p.shape[1])
        one_hot = np.eye(p.shape[1])[labels]
        result |= {f"{case['name']}/{k}": v for k, v in {
            "average_precision": [average_precision(p[:, c], labels == c) for c in classes],
            "auc": [auc(p[:, c], labels == c) for c in classes],
            "ece": expected_calibration_error(p, labels, case["bins"]),
            "brier": ((p - one_hot) ** 2).sum(axis=1).mean(),
        }.items()}
    np.savez(result_path, **{k: np.asarray(v, np.float32) for k, v in result.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
