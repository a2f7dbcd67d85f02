"""Whether a perceptron learns what no regression can, the same every time, and keeps it in a file."""

from pathlib import Path

import numpy as np
import pytest

from assistant.perceptron import Perceptron
from evals.perceptron import fit

CHANCE = np.random.default_rng(3)
POINTS = CHANCE.uniform(-1, 1, (2000, 2)).astype(np.float32)
LABELS = ["same" if x * y > 0 else "other" for x, y in POINTS]  # which no straight line tells apart


@pytest.fixture(scope="module")
def taught() -> Perceptron:
    return fit(POINTS, LABELS)


def test_it_tells_apart_what_no_line_does(taught: Perceptron) -> None:
    clear = [(point, label) for point, label in zip(POINTS, LABELS, strict=True) if abs(point).min() > 0.2]
    right = [taught.classes[int(taught.chances(point.tolist()).argmax())] == label for point, label in clear]
    assert np.mean(right) > 0.95


def test_chances_are_probabilities(taught: Perceptron) -> None:
    assert taught.classes == ("other", "same")
    assert taught.chances([0.5, 0.5]).sum() == pytest.approx(1.0, abs=1e-5)


def test_the_same_rows_teach_the_same(taught: Perceptron) -> None:
    again = fit(POINTS, LABELS)
    assert all(np.array_equal(vars(taught)[name], value) for name, value in vars(again).items())


def test_a_file_keeps_it(taught: Perceptron, tmp_path: Path) -> None:
    taught.save(tmp_path / "taught.npz")
    kept = Perceptron.load(tmp_path / "taught.npz")
    assert kept.classes == taught.classes
    for point in POINTS[:50]:
        assert kept.chances(point.tolist()) == pytest.approx(taught.chances(point.tolist()), abs=0.01)
