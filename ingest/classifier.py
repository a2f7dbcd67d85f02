"""Teaches the classifier which aspect a question asks for: softmax regression by Adam over shuffled batches."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.classifier import Classifier, Floats, centred, softmax
from ingest.progress import Say, watched

EPOCHS, BATCH = 10, 256
RATE = 0.02  # of the first step; it falls in a straight line
DECAY = 3e-5
MOMENTUM, SPREAD, TINY = 0.9, 0.999, 1e-8  # Adam's usual values (Kingma and Ba, arXiv 1412.6980)


def teach(vectors: Floats, labels: Sequence[str], say: Say) -> Classifier:
    """A classifier of `vectors` (rows × dimensions), told the class of each; the same rows teach the same."""
    if not labels:
        empty = np.zeros((vectors.shape[1], 0), np.float32)
        return Classifier((), empty.sum(axis=1), empty, empty[0])
    classes, wanted = np.unique(np.array(labels), return_inverse=True)
    mean = vectors.mean(axis=0)
    design = np.hstack([centred(vectors, mean), np.ones((len(vectors), 1), np.float32)])
    weights = np.zeros((design.shape[1], len(classes)), np.float32)
    batches = _batches(len(design))
    adam = Adam(weights, len(batches), RATE)
    for batch in watched(batches, len(batches), "Teaching the classifier", say):
        adam.step(_slope(design[batch], weights, wanted[batch]))
    return Classifier(tuple(classes.tolist()), mean, weights[:-1].copy(), weights[-1].copy())


def _batches(count: int) -> list[NDArray[np.int64]]:
    """Row numbers, shuffled anew for each epoch, a batch at a time."""
    order = np.random.default_rng(7)
    epochs = [order.permutation(count) for _ in range(EPOCHS)]
    return [epoch[start : start + BATCH] for epoch in epochs for start in range(0, count, BATCH)]


class Adam:
    """Changes `weights` in place, by smaller steps as the last of them comes near."""

    def __init__(self, weights: Floats, steps: int, rate: float) -> None:
        self._weights, self._steps, self._rate, self._done = weights, steps, rate, 0
        self._first, self._second = np.zeros_like(weights), np.zeros_like(weights)

    def step(self, slope: Floats) -> None:
        """Go down the slope."""
        self._done += 1
        self._first += (1 - MOMENTUM) * (slope - self._first)
        self._second += (1 - SPREAD) * (slope * slope - self._second)
        rate = self._rate * (1 - self._done / (self._steps + 1)) / (1 - MOMENTUM**self._done)
        self._weights -= rate * self._first / (np.sqrt(self._second / (1 - SPREAD**self._done)) + TINY)


def _slope(rows: Floats, weights: Floats, wanted: NDArray[np.int64]) -> Floats:
    """The gradient of the mean cross-entropy, and of the decay."""
    chances = softmax(rows @ weights)
    chances[np.arange(len(rows)), wanted] -= 1
    slope: Floats = rows.T @ chances / len(rows) + 2 * DECAY * weights
    return slope
