"""Teaches a perceptron which class a vector is of, by Adam over shuffled batches; the same rows teach the same."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.classifier import Floats, centred, softmax
from assistant.perceptron import Perceptron
from ingest.classifier import Adam

HIDDEN = 1024
EPOCHS, BATCH = 12, 256
RATE = 0.002  # of the first step; it falls in a straight line
DROPPED = 0.5  # share of the hidden layer that is left out of each step (Srivastava et al. 2014)
SMOOTHING = 0.05  # of every answer given to all classes alike, so that no vector is quite certain
TINY = 1e-6  # a spread that no dimension has
SEED = 20261127

Weights = tuple[Floats, Floats, Floats, Floats]  # inner, its bias, outer, its bias


def fit(vectors: Floats, labels: Sequence[str]) -> Perceptron:
    """A perceptron of `vectors` (rows × dimensions), told the class of each."""
    chance = np.random.default_rng(SEED)
    classes, wanted = np.unique(np.array(labels), return_inverse=True)
    scale = (1 / (vectors.std(axis=0) + TINY)).astype(np.float32)
    vectors = vectors * scale
    mean = vectors.mean(axis=0)
    design = centred(vectors, mean)
    inner = _drawn(chance, vectors.shape[1], HIDDEN)
    outer = _drawn(chance, HIDDEN, len(classes))
    inner_bias, outer_bias = np.zeros(HIDDEN, np.float32), np.zeros(len(classes), np.float32)
    weights = (inner, inner_bias, outer, outer_bias)
    steps = EPOCHS * -(-len(design) // BATCH)
    adams = [Adam(each, steps, RATE) for each in weights]
    for epoch in range(EPOCHS):
        shuffled = chance.permutation(len(design))
        batches = (shuffled[start : start + BATCH] for start in range(0, len(design), BATCH))
        loss = sum(_step(design[batch], wanted[batch], weights, adams, chance) for batch in batches)
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {loss / len(design):.3f}", flush=True)
    return Perceptron(tuple(classes.tolist()), scale, mean, *weights)


def _step(
    rows: Floats, wanted: NDArray[np.intp], weights: Weights, adams: Sequence[Adam], chance: np.random.Generator
) -> float:
    """Change the weights by one batch; returns its summed loss."""
    kept = (chance.random((len(rows), HIDDEN), np.float32) >= DROPPED) / np.float32(1 - DROPPED)
    loss, slopes = _slopes(rows, wanted, kept.astype(np.float32), weights)
    for adam, slope in zip(adams, slopes, strict=True):
        adam.step(slope)
    return loss


def _drawn(chance: np.random.Generator, rows: int, columns: int) -> Floats:
    """Weights to begin with, so large that what goes in comes out about as large."""
    drawn: Floats = chance.standard_normal((rows, columns), np.float32) / np.float32(np.sqrt(rows))
    return drawn


def _slopes(rows: Floats, wanted: NDArray[np.intp], kept: Floats, weights: Weights) -> tuple[float, Weights]:
    """The summed loss of a batch, and the gradient of its mean for each of the weights."""
    inner, inner_bias, outer, outer_bias = weights
    hidden: Floats = rows @ inner + inner_bias
    passed: Floats = np.where(hidden > 0, kept, np.float32(0))
    hidden *= passed
    error = softmax(hidden @ outer + outer_bias)
    right = (np.arange(len(rows)), wanted)
    loss = -float(np.log(error[right] + 1e-9).sum())
    error -= SMOOTHING / error.shape[1]
    error[right] -= 1 - SMOOTHING
    error /= len(rows)
    back = (error @ outer.T) * passed
    return loss, (rows.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0))
