"""Fits the gate's weights: `python -m evals.calibrate [--write]`.

Answerable examples are typical questions, each left out of the index and of its aspect's vocabulary while it is asked.
Unanswerable ones are the questions of topics we lack, left out one by one or with their whole topic, so that the gate
learns to refuse what nobody foresaw. Half is fitted on, half reported, split by entry and topic.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue
from assistant.fold import fold
from assistant.gate import MODEL, SIGNALS, signals
from assistant.index import Hit, Index, Passage, Shelf
from assistant.knowledge import LANGUAGES
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.settings import read_settings
from assistant.words import words

Example = tuple[tuple[float, ...], float, bool]
EACH = 700  # examples of a kind and language
RIDGE = 1e-3


def main() -> None:
    """Fit, report, and with --write put the weights in force."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    settings = read_settings()
    index = Shelf(settings.data_dir / "index", settings.chroma_url).index()
    vectors = np.load(settings.data_dir / "index" / index.version / "vectors.npy")
    examples = list(_examples(index, vectors))
    x = np.array([features for features, _, _ in examples])
    y = np.array([answerable for _, answerable, _ in examples])
    held = np.array([is_held for _, _, is_held in examples])
    weights, bias = fit(x[~held], y[~held])
    chances = 1 / (1 + np.exp(-(x @ weights + bias)))
    for name, part in (("fitted", ~held), ("held out", held)):
        refused = float(np.mean(chances[part & (y == 1)] < 0.5))
        answered = float(np.mean(chances[part & (y == 0)] >= 0.5))
        print(f"{name}: {part.sum()} questions, answerable refused {refused:.3f}, unanswerable answered {answered:.3f}")
    print({name: round(float(weight), 3) for name, weight in zip(SIGNALS, weights, strict=True)}, round(bias, 3))
    if parser.parse_args().write:
        named = {name: round(float(weight), 4) for name, weight in zip(SIGNALS, weights, strict=True)}
        MODEL.write_text(json.dumps({"weights": named, "bias": round(bias, 4)}, indent=1) + "\n", encoding="utf-8")


def fit(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Logistic regression by Newton's method, classes weighed equally: (weights, bias)."""
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    design = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    balance = np.where(y == 1, 0.5 / max(y.mean(), 1e-9), 0.5 / max(1 - y.mean(), 1e-9))
    theta = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ theta, -30, 30)))
        gradient = design.T @ (balance * (chance - y)) / len(y) + RIDGE * theta
        curvature = (design * (balance * chance * (1 - chance))[:, None]).T @ design / len(y)
        theta -= np.linalg.solve(curvature + RIDGE * np.eye(len(theta)), gradient)
    weights = theta[:-1] / scale
    return weights, float(theta[-1] - weights @ mean)


def _examples(index: Index, vectors: NDArray[np.float32]) -> Iterator[Example]:
    rows = {passage.id: number for number, passage in enumerate(index.passages)}
    chosen = random.Random(7)
    for language in LANGUAGES:
        asked = [p for p in index.passages if p.language == language and p.kind == "question"]
        for lacking in (False, True):
            kind = [p for p in asked if p.aspect.startswith("topic#") == lacking]
            for passage in chosen.sample(kind, min(EACH, len(kind))):
                for whole_topic in {False, lacking}:
                    example = _example(index, passage, vectors[rows[passage.id]], whole_topic=whole_topic)
                    if example:
                        yield example


def _example(index: Index, passage: Passage, vector: NDArray[np.float32], *, whole_topic: bool) -> Example | None:
    """The signals of a question asked of an index that has never seen it."""
    catalogue = index.catalogue
    question = understand(passage.text, passage.language, catalogue)
    hits = index.search(passage.language, passage.text, vector.tolist())
    found = retrieve(question, [hit for hit in hits if not _is_same(hit, passage, whole_topic)], catalogue)
    if not found.candidates or not found.candidates[0].known:
        return None
    best = found.candidates[0]
    vocabulary = catalogue.vocabulary(best.known.id, passage.language) if best.known else frozenset()
    if best.known and best.known.id == passage.aspect:
        others = [q for q in best.known.aspect.questions[passage.language] if q != passage.text]
        said = [best.known.aspect.text[passage.language], *others, *best.known.entry.names(passage.language)]
        topics = [word for topic in best.known.aspect.answers for word in catalogue.topics[topic].words[passage.language]]
        vocabulary = frozenset(word for text in (*said, *topics) for word in words(fold(text)))
    gap = found.gaps[0] if found.gaps else None
    lacking = passage.aspect.startswith("topic#")
    if not lacking and (not best.known or best.known.entry.id != passage.aspect.split("#")[0]):
        return None  # the wrong aspect was found: neither answer nor refusal is the lesson of this one
    features = signals(question, best, gap, vocabulary, catalogue, _seen_elsewhere(catalogue, vocabulary))
    owner = passage.aspect.split("#")[lacking]
    return features, float(not lacking), hashlib.sha256(owner.encode()).digest()[0] % 2 == 0


def _seen_elsewhere(catalogue: Catalogue, vocabulary: frozenset[str]) -> Callable[[str], bool]:
    """Words that one entry alone uses may come from the very question that is left out."""
    return lambda word: catalogue.is_common(word) or word in vocabulary


def _is_same(hit: Hit, passage: Passage, whole_topic: bool) -> bool:
    return hit.passage.text == passage.text or (whole_topic and hit.passage.aspect == passage.aspect)


if __name__ == "__main__":
    main()
