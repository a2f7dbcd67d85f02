"""Fits the weights of the gate: `python -m evals.calibrate_gate [--write]`.

On the single questions of the suites that are worked with, none of which any classifier was taught: the signals of each
one's best candidate, and whether it answers. Half is fitted on, half reported, split by question in all its languages.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.ask import Librarian, open_librarian
from assistant.gate import SIGNALS, signals
from assistant.parts import parts
from assistant.planning import meeting_first
from assistant.ranking import WEIGHTS
from assistant.retrieval import retrieve
from assistant.settings import read_settings
from evals.cases import Case, read_cases
from evals.command import find_suites
from evals.evidence import understood
from evals.facts import missing

RIDGE = 1e-3
REFUSED = (0.01, 0.02, 0.03, 0.05)  # shares of answerable questions refused, for which the other share is told

Floats = NDArray[np.float64]
Row = tuple[Case, tuple[float, ...], bool]


def main() -> None:
    """Fit, report, and with --write put the weights in force."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    librarian = open_librarian(read_settings())
    rows = [row for path in find_suites(()) for case in read_cases(path) for row in _row(case, librarian)]
    gate = _fit(rows)
    print(json.dumps(gate, indent=1))
    if write:
        weights = json.loads(WEIGHTS.read_text(encoding="utf-8"))
        WEIGHTS.write_text(json.dumps({**weights, "gate": gate}, indent=1) + "\n", encoding="utf-8")


def _row(case: Case, librarian: Librarian) -> Iterator[Row]:
    """A case's signals and whether it can be answered; none where it is two, or another candidate is right."""
    if len(case.turns) > 1 or not (case.is_answerable or "unknown" in case.status) or "answered" in case.status[1:]:
        return
    index, question = librarian.shelf.index(), understood(case, librarian)
    if parts(question, index.catalogue).parts:
        return
    embedded = librarian.model.embed_question(question.text)
    hits = index.search(
        question.language, question.text, embedded.vector, about=index.catalogue.about(question.entities)
    )
    asked_for = librarian.gate.attributes.asked(question.text, embedded)
    found = retrieve(question, hits, asked_for.likeliest, index.catalogue, librarian.ranking)
    if found.unmet or not found.candidates:
        return
    best = meeting_first(question, found.candidates, index.catalogue)[0]
    if case.is_answerable and (missing(case.facts, best.known.aspect.text[case.language], case.language)):
        return
    gap = found.gaps[0] if found.gaps else None
    yield case, signals(question, best, gap, asked_for, index.catalogue), case.is_answerable


def _fit(rows: Sequence[Row]) -> dict[str, float]:
    x, y = np.array([row[1] for row in rows]), np.array([float(row[2]) for row in rows])
    held = np.array([_is_held(row[0]) for row in rows])
    _tell(x[held], y[held], [row[0] for row, out in zip(rows, held, strict=True) if out], logistic(x[~held], y[~held]))
    weights, bias = logistic(x, y)
    return {name: round(float(weight), 4) for name, weight in zip(SIGNALS, weights, strict=True)} | {
        "bias": round(bias, 4)
    }


def _is_held(case: Case) -> bool:
    question = case.id.removesuffix(f"-{case.language}")
    return hashlib.sha256(question.encode()).digest()[0] % 2 == 0


def _tell(x: Floats, y: Floats, cases: Sequence[Case], fitted: tuple[Floats, float]) -> None:
    """What the unanswerable half would be answered of, for the share of the answerable that may be refused."""
    weights, bias = fitted
    chances = 1 / (1 + np.exp(-(x @ weights + bias)))
    for language in ("kk", "ru", "en"):
        mine = np.array([case.language == language for case in cases])
        right, wrong = chances[mine & (y == 1)], chances[mine & (y == 0)]
        told = []
        for refused in REFUSED:
            bar = float(np.quantile(right, refused))
            told.append(f"{np.mean(wrong >= bar):.3f} at {refused:.0%} (from {bar:.2f})")
        print(f"{language}: {len(right)} answerable, {len(wrong)} not; answered: {', '.join(told)}")


def logistic(x: Floats, y: Floats) -> tuple[Floats, float]:
    """Logistic regression by Newton's method, classes weighed equally: (weights, bias)."""
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    design = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    balance = np.where(y == 1, 0.5 / max(y.mean(), 1e-9), 0.5 / max(1 - y.mean(), 1e-9))
    theta = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ theta, -30, 30)))
        slope = design.T @ (balance * (chance - y)) / len(y) + RIDGE * theta
        curvature = (design * (balance * chance * (1 - chance))[:, None]).T @ design / len(y)
        theta -= np.linalg.solve(curvature + RIDGE * np.eye(len(theta)), slope)
    weights = theta[:-1] / scale
    return np.asarray(weights), float(theta[-1] - weights @ mean)


if __name__ == "__main__":
    main()
