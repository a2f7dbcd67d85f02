"""The shipped vectors are the model's own, and of the shipped texts."""

import random
from pathlib import Path

import numpy as np
import pytest

from assistant.dialogue import Dialogue
from assistant.embedding import E5Small
from assistant.index import Index
from assistant.knowledge import load
from assistant.settings import ROOT, shipped
from ingest.passages import passages_of
from ingest.vectors import FILE, Wording, shipped_vectors, wording, write_vectors
from tests.tiny import Tiny

MOST = 0.9  # `make vectors` is due when fewer of the shipped texts have theirs


@pytest.fixture(scope="module")
def wordings() -> list[Wording]:
    """All that is embedded of knowledge and dialogue."""
    passages = passages_of(load(ROOT / "knowledge"), Dialogue.load(shipped("prompts")))
    return list(dict.fromkeys(map(wording, passages)))


def test_most_of_the_shipped_texts_have_theirs(wordings: list[Wording]) -> None:
    assert len(shipped_vectors(wordings)) > MOST * len(wordings), "run `make vectors`"


def test_they_are_what_the_model_says(wordings: list[Wording], model_folder: Path) -> None:
    model = E5Small(model_folder)
    had = shipped_vectors(wordings)
    for each in random.Random(5).sample(sorted(had), 60):
        is_question, text = each
        exact = model.embed_query(text) if is_question else model.embed_documents([text])[0]
        assert np.dot(had[each], exact) > 0.995, text  # processors differ in how they multiply eight bits


def test_a_text_that_is_not_shipped_has_none() -> None:
    assert shipped_vectors([(True, "щщщ"), (False, "")]) == {}


def test_of_another_model_there_are_none(wordings: list[Wording], tmp_path: Path) -> None:
    with np.load(FILE) as data:
        np.savez(tmp_path / "vectors.npz", model=np.array("another"), keys=data["keys"], rows=data["rows"])
    assert shipped_vectors(wordings[:5])
    assert shipped_vectors(wordings[:5], tmp_path / "vectors.npz") == {}


def test_they_are_written_from_the_index(tiny_ingested: Tiny, tmp_path: Path) -> None:
    index = Index(tiny_ingested.current())
    assert write_vectors(tiny_ingested.current(), tmp_path / "vectors.npz") == len(index.passages)
    asked = [wording(passage) for passage in index.passages]
    kept = shipped_vectors(asked, tmp_path / "vectors.npz")
    exact = np.load(tiny_ingested.current() / "vectors.npy")
    assert all(np.dot(kept[each], row) > 0.9998 for each, row in zip(asked, exact, strict=True))
