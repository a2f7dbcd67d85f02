"""The path of SHYRAQ_EMBEDDING=sentence-transformers:FOLDER, with a real model rebuilt from the built-in one's weights.

Needs torch: run by `make test-models`, left out elsewhere.
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from assistant.embedding import E5Small, Model, SentenceTransformerModel, open_model
from assistant.errors import ModelError
from assistant.knowledge import LANGUAGES
from assistant.settings import ROOT
from tests.test_embedding import SENTENCES
from tests.tiny import EVENT, Tiny, unfound, write_tiny

pytest.importorskip("sentence_transformers", reason="needs the extra sentence-transformers: make test-models")
# torch, transformers and their friends warn of their own future; what is ours is tested without them.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as a sentence-transformers folder, written by the project's own command."""
    folder = tmp_path_factory.mktemp("st") / "multilingual-e5-small"
    run = subprocess.run(
        [sys.executable, "-m", "ingest.model", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert run.stdout == f"The model is in {folder}; use it with SHYRAQ_EMBEDDING=sentence-transformers:{folder}\n"
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return open_model(f"sentence-transformers:{folder}", Path("unused"))


@pytest.fixture(scope="module")
def built_in(model_folder: Path) -> E5Small:
    return E5Small(model_folder)


def test_vectors_agree_with_the_built_in_model(model: Model, built_in: E5Small) -> None:
    pairs = [(model.embed_query(text), built_in.embed_query(text)) for text in SENTENCES]
    pairs += zip(model.embed_documents(SENTENCES), built_in.embed_documents(SENTENCES), strict=True)
    cosines = [float(np.dot(*pair)) for pair in pairs]
    assert min(cosines) >= 0.99
    assert all(abs(float(np.linalg.norm(theirs)) - 1) < 1e-3 for theirs, _ in pairs)


def test_passages_come_in_the_same_order(model: Model, built_in: E5Small) -> None:
    """Where two passages are not as good as equal: 8 bits move a cosine by some thousandths."""
    ours, theirs = np.array(built_in.embed_documents(SENTENCES)), np.array(model.embed_documents(SENTENCES))
    for text in SENTENCES:
        near, nearer = ours @ np.array(built_in.embed_query(text)), theirs @ np.array(model.embed_query(text))
        assert near.argmax() == nearer.argmax()
        apart = np.subtract.outer(nearer, nearer) > 0.015
        assert (np.subtract.outer(near, near)[apart] > 0).all()


def test_questions_and_passages_have_the_prompts_of_e5(model: Model) -> None:
    (passage,) = model.embed_documents(["кітап"])
    assert not np.allclose(model.embed_query("кітап"), passage, atol=1e-3)
    assert model.name.startswith("sentence-transformers:")


def test_many_threads_get_what_one_gets(model: Model) -> None:
    alone = np.array([model.embed_query(text) for text in SENTENCES])
    with ThreadPoolExecutor(8) as pool:
        many = np.array(list(pool.map(model.embed_query, SENTENCES * 8)))
    assert np.allclose(many, np.tile(alone, (8, 1)), atol=1e-5)


@pytest.fixture(scope="module")
def tiny(folder: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    given = {"embedding": f"sentence-transformers:{folder}"}
    tiny = write_tiny(tmp_path_factory.mktemp("tiny"), model_folder, **given)
    tiny.ingest()
    return tiny


def test_an_index_is_built_and_searched_with_it(tiny: Tiny) -> None:
    index = tiny.shelf().index()
    assert index.manifest["embedding"] == tiny.settings.embedding
    assert unfound(index) == 0
    model = open_model(tiny.settings.embedding, tiny.settings.data_dir)
    asked = {"kk": "бетбелгі дегеніміз не", "ru": "что такое закладка", "en": "what is a bookmark"}
    for language in LANGUAGES:
        hits = index.search(language, asked[language], model.embed_query(asked[language]))
        assert hits[0].passage.aspect == "bookmark#meaning"


def test_only_what_changed_is_embedded_until_the_model_is_another(tiny: Tiny) -> None:
    tiny.edit(EVENT, "every year", "each year")
    assert "(1 texts embedded anew)" in tiny.ingest()[-1]
    other = Tiny(tiny.folder, tiny.settings.model_copy(update={"embedding": "e5-small"}))
    anew = re.search(r"\((\d+) texts embedded anew\)", other.ingest()[-1])
    assert anew and 20 < int(anew[1]) <= 27  # the vectors of a few greetings come with Shyraq


def test_a_model_that_is_not_there_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot open the sentence-transformers model"):
        SentenceTransformerModel(str(tmp_path / "nowhere"))


def test_the_command_says_how_it_is_used() -> None:
    run = subprocess.run([sys.executable, "-m", "ingest.model"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("usage: python -m ingest.model FOLDER")
