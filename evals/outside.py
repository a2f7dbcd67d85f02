"""Shyraq's own indexing and search on any outside set of passages and questions: recall@1, recall@5, MRR, nDCG@10."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.clean import clean
from assistant.embedding import Model, open_model
from assistant.errors import KnowledgeError
from assistant.index import Hit, Index, Passage
from assistant.knowledge import LANGUAGES, Knowledge, Language
from assistant.language import Identifier
from assistant.script import in_own_letters
from assistant.settings import Settings
from evals.jsonl import read_jsonl
from evals.ranks import score
from ingest.build import embed, write_version
from ingest.progress import Say, watched
from ingest.vectors import wording

PREFIX = "document:"


@dataclass(frozen=True)
class Query:
    """A question of an outside set; `language` where the set tells it."""

    text: str
    positive: frozenset[str]
    language: Language | None


def measure(passages: Path, questions: Path, settings: Settings, say: Say) -> dict[str, Any]:
    """Index the passages in a folder that goes afterwards, ask every question, and average the ranks.

    Raises KnowledgeError where a file is not as it should be, ModelError, IndexUnavailable.
    """
    held, queries = read_passages(passages, Identifier.load()), read_queries(questions)
    unknown = sorted({pid for query in queries for pid in query.positive} - {passage.id for passage in held})
    if unknown:
        raise KnowledgeError(
            [f"{questions.name}: found the positive pid {unknown[0]!r}; expected pids of {passages.name}"]
        )
    model = open_model(settings.embedding, settings.data_dir)
    with tempfile.TemporaryDirectory(suffix="-outside") as folder:  # Chroma takes no name that ends in "_"
        index = _indexed(held, model, Path(folder), say)
        asked = ((query, search(query, index, model)) for query in queries)
        ranks = [score(found, query.positive) for query, found in watched(asked, len(queries), "Asking", say)]
    means = {name: float(np.mean([rank[name] for rank in ranks])) for name in ranks[0]}
    return {"passages": len(held), "questions": len(queries), **means}


def read_passages(path: Path, identifier: Identifier) -> list[Passage]:
    """Rows {"pid", "text", "title"?} as documents, each in the language that it is written in."""
    rows = read_jsonl(path, {"pid": str, "text": str})
    twice = [pid for pid, count in Counter(row["pid"] for row in rows).items() if count > 1]
    if twice:
        raise KnowledgeError([f"{path.name}: found the pid {twice[0]!r} twice; expected each once"])
    return [_passage(row, identifier) for row in rows]


def _passage(row: dict[str, Any], identifier: Identifier) -> Passage:
    text, title = clean(row["text"]), clean(str(row.get("title") or ""))
    language = identifier.identify(text).language or "en"
    return Passage(row["pid"], PREFIX + row["pid"], language, "document", text, title)


def read_queries(path: Path) -> list[Query]:
    """Rows {"id", "question", "positive": [pid…], "lang"?}."""
    rows = read_jsonl(path, {"question": str, "positive": list})
    empty = [number for number, row in enumerate(rows, 1) if not row["positive"]]
    if empty:
        raise KnowledgeError([f"{path.name}: found no positive pid for question {empty[0]}; expected one at least"])
    known: dict[str, Language] = {language: language for language in LANGUAGES}
    return [Query(row["question"], frozenset(row["positive"]), known.get(row.get("lang", ""))) for row in rows]


def _indexed(passages: Sequence[Passage], model: Model, folder: Path, say: Say) -> Index:
    wordings = [wording(passage) for passage in passages]
    vectors = embed(list(dict.fromkeys(wordings)), model, say)
    rows = np.stack([vectors[each] for each in wordings])
    write_version(folder, Knowledge(), passages, rows, {"content": "outside"}, None, say)
    return Index(folder)


def search(query: Query, index: Index, model: Model) -> list[str]:
    """The pids found, best first: by meaning and letters in the question's language, by meaning alone in others."""
    text = clean(query.text)
    identified = Identifier.load().identify(text, query.language)
    spoken = query.language or identified.language or "kk"
    text = in_own_letters(text, spoken, identified.spelling)
    vector = model.embed_query(text)
    hits = [hit for lang in LANGUAGES for hit in index.search(lang, text, vector, lexical=lang == spoken)]
    return list(dict.fromkeys(hit.passage.id for hit in _best_first(hits)))


def _best_first(hits: Iterable[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: -hit.score)
