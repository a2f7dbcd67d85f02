"""Outside sets for retrieval and language identification: real embeddings, real Chroma, faults told by line."""

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import KnowledgeError
from assistant.language import Identifier
from evals.identification import identify_all, read_texts
from evals.outside import measure, read_passages, read_queries
from tests.tiny import Tiny

PASSAGES = [
    {"pid": "1", "title": "Көл", "text": "Балқаш көлінің суы жартылай тұщы, жартылай тұзды."},
    {"pid": "2", "text": "Абай Құнанбаев — ақын, ағартушы, жазба қазақ әдебиетінің негізін қалаушы."},
    {"pid": "3", "text": "Каспийское море — крупнейший на Земле замкнутый водоём."},
    {"pid": "4", "text": "The steppe eagle nests on the ground and hunts ground squirrels."},
]
QUESTIONS = [
    {"id": "a", "question": "Балқаштың суы қандай?", "positive": ["1"], "lang": "kk"},
    {"id": "b", "question": "казак адебиетинин негизин калаган аким кол ким", "positive": ["2"]},
    {"id": "c", "question": "qazaq adebietinin negizin qalagan aqyn kim", "positive": ["2"]},
    {"id": "d", "question": "Какой водоём самый большой замкнутый?", "positive": ["3"]},
    {"id": "e", "question": "На кого охотится степной орёл?", "positive": ["4"], "lang": "ru"},
]


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def test_an_outside_set_is_indexed_and_searched(tiny_ingested: Tiny, tmp_path: Path) -> None:
    passages, questions = written(tmp_path / "p.jsonl", PASSAGES), written(tmp_path / "q.jsonl", QUESTIONS)
    said: list[str] = []
    found = measure(passages, questions, tiny_ingested.settings, said.append)
    assert (found["passages"], found["questions"]) == (4, 5)
    assert found["recall5"] == 1.0 and found["recall1"] >= 0.8
    assert found["recall1"] <= found["mrr"] <= found["ndcg10"] <= 1


def test_passages_know_their_language(tmp_path: Path) -> None:
    found = read_passages(written(tmp_path / "p.jsonl", PASSAGES), Identifier.load())
    assert [passage.language for passage in found] == ["kk", "kk", "ru", "en"]
    assert found[0].title == "Көл"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"pid": 1, "text": "x"}], r"p\.jsonl:1: found .* expected a JSON object with pid: str"),
        ([{"pid": "1", "text": "x"}, []], r"p\.jsonl:2: "),
        ([], "found no rows"),
        ([{"pid": "1", "text": "x"}, {"pid": "1", "text": "y"}], "pid '1' twice"),
    ],
)
def test_bad_passages_are_told(tmp_path: Path, rows: list[Any], told: str) -> None:
    with pytest.raises(KnowledgeError, match=told):
        read_passages(written(tmp_path / "p.jsonl", rows), Identifier.load())


def test_a_question_without_a_positive_is_told(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="no positive pid for question 2"):
        read_queries(written(tmp_path / "q.jsonl", [QUESTIONS[0], {"question": "?", "positive": []}]))


def test_a_positive_that_is_no_passage_is_told(tiny_ingested: Tiny, tmp_path: Path) -> None:
    passages = written(tmp_path / "p.jsonl", PASSAGES)
    questions = written(tmp_path / "q.jsonl", [{"question": "?", "positive": ["9"]}])
    with pytest.raises(KnowledgeError, match=r"positive pid '9'; expected pids of p\.jsonl"):
        measure(passages, questions, tiny_ingested.settings, print)


def test_languages_are_counted(tmp_path: Path) -> None:
    rows = [
        {"text": "Кітапхана қайда орналасқан?", "lang": "kk"},
        {"text": "kitaphana qaida ornalasqan", "lang": "kk"},
        {"text": "Где находится библиотека?\u2028И когда открыта?", "lang": "ru"},
        {"text": "Where is the library?", "lang": "ru"},
        {"text": "12345", "lang": "en"},
    ]
    found = identify_all(read_texts(written(tmp_path / "f.jsonl", rows)), Identifier.load())
    assert found.accuracy() == 0.6 and found.accuracy("kk") == 1.0
    assert found.as_json()["confusion"] == {"en>none": 1, "kk>kk": 2, "ru>en": 1, "ru>ru": 1}


def test_another_language_is_told(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="lang: kk or ru or en"):
        read_texts(written(tmp_path / "f.jsonl", [{"text": "x", "lang": "kz"}]))
