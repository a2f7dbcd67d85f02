"""Fits the weights of ranking and gate: `python -m evals.calibrate [--write]`.

Answerable examples are typical questions, each left out of the index and of its aspect's vocabulary while it is asked.
Unanswerable ones are the questions of topics we lack, left out one by one or with their whole topic, so that the gate
learns to refuse what nobody foresaw. Half is fitted on, half reported, split by entry and topic.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue, Known
from assistant.classifier import Classifier
from assistant.gate import SIGNALS, signals
from assistant.index import Hit, Index, Passage, Shelf
from assistant.knowledge import LANGUAGES, Language
from assistant.question import Question, understand
from assistant.ranking import FEATURES, WEIGHTS, Ranking, features
from assistant.retrieval import Candidate, Found, retrieve
from assistant.settings import read_settings
from assistant.words import folded_words
from ingest.classifier import teach

EACH = 600  # questions of a kind and language
FOLDS = 4  # classifiers taught, each without its share of the questions
RIDGE = 1e-3
Floats = NDArray[np.float64]


def main() -> None:
    """Fit, report, and with --write put the weights in force."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    settings = read_settings()
    index = Shelf(settings.data_dir / "index", settings.chroma_url).index()
    vectors = np.load(settings.data_dir / "index" / index.version / "vectors.npy")
    asked = _left_out(index, vectors)
    ranking = _fit_ranking(asked, index)
    gate = _fit_gate(asked, index, Ranking(tuple(ranking.values())))
    print(json.dumps({"ranking": ranking, "gate": gate}, indent=1))
    if write:
        WEIGHTS.write_text(json.dumps({"ranking": ranking, "gate": gate}, indent=1) + "\n", encoding="utf-8")


class LeftOut:
    """A question asked of an index that has never seen it."""

    def __init__(self, passage: Passage, hits: list[Hit], catalogue: Catalogue, *, whole_topic: bool) -> None:
        self.passage = passage
        self.lacking = passage.aspect.startswith("topic#")
        owner = passage.aspect.split("#")[self.lacking]
        self.held = hashlib.sha256(owner.encode()).digest()[0] % 2 == 0
        self.question: Question = understand(passage.text, passage.language, catalogue)
        self.hits = [hit for hit in hits if not self._is_same(hit, whole_topic)]

    def _is_same(self, hit: Hit, whole_topic: bool) -> bool:
        same_topic = whole_topic and hit.passage.aspect == self.passage.aspect
        return hit.passage.text == self.passage.text or same_topic

    def vocabulary(self, known: Known, catalogue: Catalogue) -> frozenset[str]:
        """The vocabulary of an aspect without what this very question lent it."""
        whole = catalogue.vocabulary(known.id, self.passage.language)
        if known.id != self.passage.aspect:
            return whole
        others = [text for text in known.aspect.questions[self.passage.language] if text != self.passage.text]
        names = [name for language in LANGUAGES for name in known.entry.names(language)]
        topics = [w for topic in known.aspect.answers for w in catalogue.topics[topic].words[self.passage.language]]
        said = (known.aspect.text[self.passage.language], *others, *names, *topics)
        return frozenset(word for text in said for word in folded_words(text))


def _left_out(index: Index, vectors: NDArray[np.float32]) -> list[LeftOut]:
    asked = [row for row, p in enumerate(index.passages) if p.kind == "question" and not p.aspect.startswith("intent#")]
    chosen = random.Random(7)
    sample = []
    for language in LANGUAGES:
        for lacking in (False, True):
            kind = [row for row in asked if _is_of(index.passages[row], language, lacking)]
            sample += chosen.sample(kind, min(EACH, len(kind)))
    found = []
    for fold in range(FOLDS):
        index.classifier = _untaught(fold, index.passages, vectors)
        for row in sample:
            if _fold(index.passages[row]) == fold:
                found += _asked(index.passages[row], vectors[row], index)
    return found


def _is_of(passage: Passage, language: Language, lacking: bool) -> bool:
    return passage.language == language and passage.aspect.startswith("topic#") == lacking


def _fold(passage: Passage) -> int:
    """One number for all languages' wordings of a question: the classifier would know them from each other."""
    wording = f"{passage.aspect}/{passage.id.rsplit('/', 1)[1]}"
    return hashlib.sha256(wording.encode()).digest()[1] % FOLDS


def _untaught(fold: int, passages: Sequence[Passage], vectors: NDArray[np.float32]) -> Classifier:
    """A classifier that never met the questions of a fold."""
    met = {passage.text for passage in passages if passage.kind == "question" and _fold(passage) == fold}
    rows = [row for row, p in enumerate(passages) if p.kind != "document" and p.text not in met]
    return teach(vectors[rows], [passages[row].aspect for row in rows])


def _asked(passage: Passage, vector: NDArray[np.float32], index: Index) -> list[LeftOut]:
    """The question left out; one for a gap also with its whole topic."""
    question = understand(passage.text, passage.language, index.catalogue)
    about = index.catalogue.about(question.entities)
    hits = index.search(passage.language, passage.text, vector.tolist(), about=about)
    ways = {False, passage.aspect.startswith("topic#")}
    return [LeftOut(passage, hits, index.catalogue, whole_topic=way) for way in ways]


def _candidates(asked: LeftOut, found: Found, catalogue: Catalogue, ranking: Ranking) -> list[Candidate]:
    """The candidates anew, with vocabularies that leave the question out."""
    grouped: dict[str, list[Hit]] = {}
    for hit in asked.hits:
        grouped.setdefault(hit.passage.aspect, []).append(hit)
    again = []
    for candidate in found.candidates:
        if candidate.known:
            vocabulary = asked.vocabulary(candidate.known, catalogue)
            hits = grouped[candidate.known.id]
            fit = ranking.fit(features(asked.question, candidate.known, hits, vocabulary, catalogue))
            again.append(replace(candidate, fit=fit, vocabulary=vocabulary))
    return sorted(again, key=lambda candidate: -candidate.fit)


def _fit_ranking(asked: Sequence[LeftOut], index: Index) -> dict[str, float]:
    """Softmax regression over each question's candidates, by gradient ascent."""
    catalogue = index.catalogue
    zero = Ranking((0.0,) * len(FEATURES))
    sets: list[tuple[Floats, int, bool]] = []
    for one in asked:
        if one.lacking:
            continue
        found = retrieve(one.question, one.hits, catalogue, zero)
        names = [candidate.known.id for candidate in found.candidates if candidate.known]
        if one.passage.aspect in names:
            grouped = {name: [hit for hit in one.hits if hit.passage.aspect == name] for name in names}
            rows = []
            for name in names:
                known = catalogue.known[name]
                rows.append(features(one.question, known, grouped[name], one.vocabulary(known, catalogue), catalogue))
            sets.append((np.array(rows), names.index(one.passage.aspect), one.held))
    weights = np.zeros(len(FEATURES))
    fitted = [(x, y) for x, y, held in sets if not held]
    for _ in range(1500):
        slope = sum(x[y] - _softmax(x @ weights) @ x for x, y in fitted) / len(fitted)
        weights += 0.5 * slope - 5e-4 * weights
    right = np.mean([int(np.argmax(x @ weights)) == y for x, y, held in sets if held])
    second = np.mean([np.sum(x @ weights > (x @ weights)[y]) < 2 for x, y, held in sets if held])
    looked_at = len(sets) / sum(not one.lacking for one in asked)
    print(
        f"ranking: {looked_at:.3f} of right aspects looked at; of {sum(held for *_, held in sets)} held-out questions"
    )
    print(f"the right one first for {right:.3f}, among the first two for {second:.3f}")
    return {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)}


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _fit_gate(asked: Sequence[LeftOut], index: Index, ranking: Ranking) -> dict[str, float]:
    """Logistic regression on the signals of each question's best candidate."""
    catalogue = index.catalogue
    rows, labels, held = [], [], []
    for one in asked:
        found = retrieve(one.question, one.hits, catalogue, ranking)
        candidates = _candidates(one, found, catalogue, ranking)
        if not candidates or found.unmet:
            continue
        best = candidates[0]
        if not one.lacking and best.known and best.known.entry.id != one.passage.aspect.split("#")[0]:
            continue  # the wrong entry was found: neither answer nor refusal is the lesson of this one
        gap = found.gaps[0] if found.gaps else None
        rows.append(signals(one.question, best, gap, catalogue, _seen_elsewhere(catalogue, best.vocabulary)))
        labels.append(float(not one.lacking))
        held.append(one.held)
    x, y, is_held = np.array(rows), np.array(labels), np.array(held)
    weights, bias = _logistic(x[~is_held], y[~is_held])
    chances = 1 / (1 + np.exp(-(x @ weights + bias)))
    refused = float(np.mean(chances[is_held & (y == 1)] < 0.5))
    answered = float(np.mean(chances[is_held & (y == 0)] >= 0.5))
    print(f"gate: {is_held.sum()} held out, answerable refused {refused:.3f}, unanswerable answered {answered:.3f}")
    named = {name: round(float(weight), 4) for name, weight in zip(SIGNALS, weights, strict=True)}
    return {**named, "bias": round(bias, 4)}


def _seen_elsewhere(catalogue: Catalogue, vocabulary: frozenset[str]) -> Callable[[str], bool]:
    """Words that one entry alone uses may come from the very question that is left out."""
    return lambda word: catalogue.is_common(word) or word in vocabulary


def _logistic(x: Floats, y: Floats) -> tuple[Floats, float]:
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
