"""The classifier: taught by real vectors, it knows unseen wordings, gives probabilities, and is the same every time."""

from pathlib import Path

import numpy as np
import pytest

from assistant.classifier import Classifier
from assistant.embedding import E5Small
from ingest.classifier import teach

ASKED = {
    "hours": ["When does the library open?", "Қашан ашылады?", "До скольки работает библиотека?"],
    "number": ["How many libraries are there?", "Қанша кітапхана бар?", "Сколько всего библиотек?"],
    "blind": ["Books for blind readers", "Зағип оқырманға кітап", "Книги для незрячих"],
}
UNSEEN = {
    "hours": ["At what time is it open?", "Кітапхана нешеге дейін жұмыс істейді?", "Во сколько открывается?"],
    "number": ["What is the number of libraries?", "Кітапхана саны нешеу?", "Библиотек сколько?"],
    "blind": [
        "My sight is poor, where are books for me?",
        "Көзі көрмейтіндерге арналған кітап",
        "Литература для слепых",
    ],
}


@pytest.fixture(scope="module")
def model(model_folder: Path) -> E5Small:
    return E5Small(model_folder)


@pytest.fixture(scope="module")
def classifier(model: E5Small) -> Classifier:
    return _taught(model)


def _taught(model: E5Small) -> Classifier:
    labels = [label for label, texts in ASKED.items() for _ in texts]
    vectors = np.array([model.embed_query(text) for texts in ASKED.values() for text in texts], np.float32)
    return teach(vectors, labels, print)


@pytest.mark.parametrize(("label", "text"), [(label, text) for label, texts in UNSEEN.items() for text in texts])
def test_unseen_wordings_are_known(classifier: Classifier, model: E5Small, label: str, text: str) -> None:
    chances = classifier.chances(model.embed_query(text))
    assert classifier.classes[int(np.argmax(chances))] == label


def test_chances_are_logarithms_of_probabilities(classifier: Classifier, model: E5Small) -> None:
    chances = classifier.chances(model.embed_query("weather in Astana"))
    assert chances.shape == (3,)
    assert np.exp(chances).sum() == pytest.approx(1, abs=1e-4)


def test_the_same_rows_teach_the_same(classifier: Classifier, model: E5Small) -> None:
    assert np.array_equal(_taught(model).weights, classifier.weights)


def test_what_is_saved_is_loaded(classifier: Classifier, model: E5Small, tmp_path: Path) -> None:
    classifier.save(tmp_path / "classifier.npz")
    again = Classifier.load(tmp_path / "classifier.npz")
    vector = model.embed_query("Қанша кітапхана?")
    assert again.classes == classifier.classes
    assert np.array_equal(again.chances(vector), classifier.chances(vector))


def test_without_questions_there_is_nothing_to_choose_from() -> None:
    empty = teach(np.empty((0, 4), np.float32), [], print)
    assert empty.classes == ()
    assert empty.chances([0.5, 0.5, 0.5, 0.5]).shape == (0,)
