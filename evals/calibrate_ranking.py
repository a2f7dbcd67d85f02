"""Fits the weights of the ranking: `python -m evals.calibrate_ranking [--write]`.

The examples are typical questions, each left out of the index and of its aspect's vocabulary while it is asked. Half is
fitted on, half reported, split by entry.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue, Known
from assistant.classifier import Classifier
from assistant.index import Hit, Index, Passage, Shelf
from assistant.knowledge import LANGUAGES
from assistant.question import Question, understand
from assistant.ranking import FEATURES, WEIGHTS, Ranking, features
from assistant.retrieval import retrieve
from assistant.settings import read_settings
from assistant.words import folded_words
from ingest.classifier import teach

EACH = 600  # questions of a kind and language
FOLDS = 4  # classifiers taught, each without its share of the questions
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
    print(json.dumps(ranking, indent=1))
    if write:
        weights = json.loads(WEIGHTS.read_text(encoding="utf-8"))
        WEIGHTS.write_text(json.dumps({**weights, "ranking": ranking}, indent=1) + "\n", encoding="utf-8")


class LeftOut:
    """A question asked of an index that has never seen it."""

    def __init__(self, passage: Passage, question: Question, hits: list[Hit]) -> None:
        self.passage, self.question = passage, question
        self.held = hashlib.sha256(passage.aspect.split("#")[0].encode()).digest()[0] % 2 == 0
        self.hits = [hit for hit in hits if hit.passage.text != passage.text]

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
    asked = [row for row, p in enumerate(index.passages) if p.kind == "question" and p.aspect in index.catalogue.known]
    chosen = random.Random(7)
    sample = []
    for language in LANGUAGES:
        own = [row for row in asked if index.passages[row].language == language]
        sample += chosen.sample(own, min(EACH, len(own)))
    found = []
    for fold in range(FOLDS):
        index.classifier = _untaught(fold, index.passages, vectors)
        rows = [row for row in sample if _fold(index.passages[row]) == fold]
        found += [_asked(index.passages[row], vectors[row], index) for row in rows]
    return found


def _fold(passage: Passage) -> int:
    """One number for all languages' wordings of a question: the classifier would know them from each other."""
    wording = f"{passage.aspect}/{passage.id.rsplit('/', 1)[1]}"
    return hashlib.sha256(wording.encode()).digest()[1] % FOLDS


def _untaught(fold: int, passages: Sequence[Passage], vectors: NDArray[np.float32]) -> Classifier:
    """A classifier that never met the questions of a fold."""
    met = {passage.text for passage in passages if passage.kind == "question" and _fold(passage) == fold}
    rows = [row for row, p in enumerate(passages) if p.kind != "document" and p.text not in met]
    return teach(vectors[rows], [passages[row].aspect for row in rows], print)


def _asked(passage: Passage, vector: NDArray[np.float32], index: Index) -> LeftOut:
    question = understand(passage.text, passage.language, index.catalogue)
    about = index.catalogue.about(question.entities)
    return LeftOut(passage, question, index.search(passage.language, passage.text, vector.tolist(), about=about))


def _fit_ranking(asked: Sequence[LeftOut], index: Index) -> dict[str, float]:
    """Softmax regression over each question's candidates, by gradient ascent."""
    catalogue = index.catalogue
    zero = Ranking((0.0,) * len(FEATURES))
    sets: list[tuple[Floats, int, bool]] = []
    for one in asked:
        found = retrieve(one.question, one.hits, None, catalogue, zero)
        names = [candidate.known.id for candidate in found.candidates]
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
    looked_at = len(sets) / len(asked)
    print(
        f"ranking: {looked_at:.3f} of right aspects looked at; of {sum(held for *_, held in sets)} held-out questions"
    )
    print(f"the right one first for {right:.3f}, among the first two for {second:.3f}")
    return {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)}


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


if __name__ == "__main__":
    main()
