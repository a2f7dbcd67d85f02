"""The built-in embedding model: near to its float original, calm with any text, the same from many threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.embedding import MODEL_FOLDER, TOKENIZER, E5Small, SentenceTransformerModel, open_model
from assistant.errors import ModelError
from ingest.graph import write_graph
from ingest.model import is_latin_or_cyrillic
from ingest.tokenizer import build_tokenizer
from ingest.weights import read_weights

SENTENCES = [
    "Қостанай облыстық кітапханасы өлке тарихымен танымал.",
    "Кітапханаға қалай жазылуға болады?",
    "Ауыл кітапханалары онлайн орталыққа айналды.",
    "Назарбаев Университетінің кітапханасы жаңа жүйеге көшті.",
    "Костанайская областная библиотека известна краеведением.",
    "Как записаться в библиотеку?",
    "Сельские библиотеки стали онлайн-центрами.",
    "Библиотека Назарбаев Университета перешла на новую систему.",
    "Kostanay Regional Library is known for local history.",
    "How do I join a library?",
    "Village libraries became online centres.",
    "What is DosAI?",
]
HOSTILE = {
    "nothing": "",
    "one space": " ",
    "a ligature of 18 letters": "\ufdfa" * 1000,
    "NUL": "кітап\0хана",
    "NULs": "\0" * 1000,
    "a lone surrogate": "кітап\ud800хана",
    "lone surrogates": "\udfff\ud800" * 500,
    "marks": "а" + "\u0301" * 2000,
    "100,000 characters": "кітапхана " * 10_000,
    "100,000 characters without a space": "қ" * 100_000,
    "the tokenizer's own marks": "<s></s><pad><unk>▁" * 100,
    "emoji": "👩‍👩‍👧‍👦🇰🇿" * 200,
    "other scripts": "图书馆 مكتبة पुस्तकालय" * 50,
    "noncharacters": "\uffff\U0010ffff\ufdd0" * 100,
}


@pytest.fixture(scope="module")
def model(model_folder: Path) -> E5Small:
    return E5Small(model_folder)


def is_unit(vector: list[float]) -> bool:
    return len(vector) == 384 and abs(float(np.linalg.norm(vector)) - 1) < 1e-3


@pytest.fixture(scope="module")
def float_vectors(
    tmp_path_factory: pytest.TempPathFactory,
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The sentences' vectors by the same weights before they were made 8 bits."""
    path = tmp_path_factory.mktemp("float") / "float32.onnx"
    weights = read_weights().only(is_latin_or_cyrillic)
    write_graph(weights, path)
    tokenizer = build_tokenizer(weights)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = []
    for sentence in SENTENCES:
        ids = np.array([tokenizer.encode("query: " + sentence).ids], np.int64)
        found.append(session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
    path.unlink()
    return np.array(found)


def test_its_pieces_are_those_of_the_tokenizers_library(model: E5Small) -> None:
    tokenizer = build_tokenizer(read_weights().only(is_latin_or_cyrillic))
    odd = ["", "  a  b ", "日本語 кітап", "😀😀", "ﷺ" * 20, "е\u0308\u0301", "a\tb\nc", "ﬁne Ⅷ", "«Абай» – 3 887,5 %"]
    for text in (f"query: {text}" for text in [*SENTENCES, *odd]):
        assert [*model.tokens(text), 2] == tokenizer.encode(text).ids, text


def test_it_is_near_to_its_float_original(
    model: E5Small, float_vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]]
) -> None:
    ours = np.array([model.embed_query(sentence) for sentence in SENTENCES])
    cosines = (ours * float_vectors).sum(axis=1)
    assert cosines.min() >= 0.99, dict(zip(SENTENCES, cosines, strict=True))


def test_a_sentence_is_nearest_to_itself_in_the_other_languages(model: E5Small) -> None:
    vectors = np.array([model.embed_query(sentence) for sentence in SENTENCES])
    same = (("Ауыл", "Сельские"), ("Сельские", "Village"), ("Village", "Ауыл"))
    place = {sentence.split()[0]: number for number, sentence in enumerate(SENTENCES)}
    for left, right in same:
        start = place[right] // 4 * 4
        others = vectors[start : start + 4] @ vectors[place[left]]
        assert others.argmax() == place[right] - start


def test_a_question_and_a_passage_are_told_apart(model: E5Small) -> None:
    question, (passage,) = model.embed_query("кітап"), model.embed_documents(["кітап"])
    assert is_unit(question) and is_unit(passage)
    assert question != passage


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_text_has_a_unit_vector(model: E5Small, text: str) -> None:
    assert is_unit(model.embed_query(text))
    assert is_unit(model.embed_documents([text])[0])


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=300))
def test_any_unicode_has_a_unit_vector(model: E5Small, text: str) -> None:
    assert is_unit(model.embed_query(text))


def test_inner_layers_tell_what_is_asked_apart_from_what_it_is_asked_of(model: E5Small) -> None:
    asked = [model.embed_question(f"{what} Павлодар?") for what in ("Где находится", "Чем славится")]
    other = model.embed_question("Где находится Костанай?")
    assert all(len(each.inner) == 2 * len(each.vector) for each in asked)
    assert asked[0].vector == model.embed_query("Где находится Павлодар?")
    assert cosine(asked[0].inner, other.inner) > cosine(asked[0].inner, asked[1].inner)


def cosine(left: list[float], right: list[float]) -> float:
    return float(np.dot(left, right) / np.linalg.norm(left) / np.linalg.norm(right))


def test_no_passages_are_no_vectors(model: E5Small) -> None:
    assert model.embed_documents([]) == []


def test_a_text_s_vector_does_not_depend_on_its_neighbours(model: E5Small) -> None:
    together = model.embed_documents(SENTENCES)
    assert together == [model.embed_documents([sentence])[0] for sentence in SENTENCES]


def test_many_threads_get_what_one_gets(model: E5Small) -> None:
    alone = [model.embed_query(sentence) for sentence in SENTENCES]
    ready = threading.Barrier(8)

    def embed(_: int) -> list[list[float]]:
        ready.wait()
        return [model.embed_query(sentence) for sentence in SENTENCES]

    with ThreadPoolExecutor(8) as pool:
        assert all(found == alone for found in pool.map(embed, range(8)))


def test_a_model_that_is_not_there_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="run `shyraq ingest`"):
        open_model("e5-small", tmp_path)


def test_a_damaged_model_is_told_plainly(tmp_path: Path, model_folder: Path) -> None:
    folder = tmp_path / "models" / MODEL_FOLDER
    folder.mkdir(parents=True)
    (folder / TOKENIZER).symlink_to(model_folder / TOKENIZER)
    (folder / "model-int8.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelError, match="run `shyraq ingest`"):
        open_model("e5-small", tmp_path)


def test_without_its_extra_sentence_transformers_says_how_to_install_it() -> None:
    if _has_sentence_transformers():
        pytest.skip("it is installed")
    with pytest.raises(ModelError, match=r"pip install 'shyraq\[sentence-transformers\]'"):
        SentenceTransformerModel("any")


def _has_sentence_transformers() -> bool:
    from importlib.util import find_spec

    return find_spec("sentence_transformers") is not None
