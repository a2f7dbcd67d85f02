"""Teaches the classifier which aspect a question asks for: softmax regression by Adam over shuffled batches."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.classifier import Classifier, Floats, centred

EPOCHS, BATCH = 10, 256
RATE = 0.02  # of the first step; it falls in a straight line
DECAY = 3e-5
MOMENTUM, SPREAD, TINY = 0.9, 0.999, 1e-8  # Adam's usual values (Kingma and Ba, arXiv 1412.6980)


def teach(vectors: Floats, labels: Sequence[str]) -> Classifier:
    """A classifier of `vectors` (rows × dimensions), told the class of each; the same rows teach the same."""
    if not labels:
        empty = np.zeros((vectors.shape[1], 0), np.float32)
        return Classifier((), empty.sum(axis=1), empty, empty[0])
    classes, wanted = np.unique(np.array(labels), return_inverse=True)
    mean = vectors.mean(axis=0)
    rows = centred(vectors, mean)
    design = np.hstack([rows, np.ones((len(rows), 1), np.float32)])
    weights = np.zeros((design.shape[1], len(classes)), np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    order = np.random.default_rng(7)
    steps = EPOCHS * -(-len(rows) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        shuffled = order.permutation(len(rows))
        for start in range(0, len(rows), BATCH):
            batch = shuffled[start : start + BATCH]
            slope = _slope(design[batch], weights, wanted[batch])
            step += 1
            first += (1 - MOMENTUM) * (slope - first)
            second += (1 - SPREAD) * (slope * slope - second)
            rate = RATE * (1 - step / (steps + 1)) / (1 - MOMENTUM**step)
            weights -= rate * first / (np.sqrt(second / (1 - SPREAD**step)) + TINY)
    return Classifier(tuple(classes.tolist()), mean, weights[:-1].copy(), weights[-1].copy())


def _slope(rows: Floats, weights: Floats, wanted: NDArray[np.int64]) -> Floats:
    """The gradient of the mean cross-entropy, and of the decay."""
    scores = rows @ weights
    scores -= scores.max(axis=1, keepdims=True)
    chances = np.exp(scores)
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.arange(len(rows)), wanted] -= 1
    slope: Floats = rows.T @ chances / len(rows) + 2 * DECAY * weights
    return slope
