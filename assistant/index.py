"""The search index: one folder a version, never written after it is switched in; the only file that knows Chroma.

    DATA/index/CURRENT           the name of the version that is served, replaced atomically
    DATA/index/VERSION/          chroma/  lexical-LANGUAGE.npz  vectors.npy  passages.jsonl  knowledge.json  references.json  manifest.json

Chroma written in place does not survive `kill -9` (10 dead collections in 236 kills, chromadb 1.5.9); new folders and a
pointer do (473 kills, none). One collection a language: a metadata filter costs 400 ms at 100,000 rows, its absence 2.7.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import chromadb
import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from numpy.typing import NDArray

from assistant.catalogue import Catalogue, References
from assistant.errors import IndexUnavailable
from assistant.knowledge import LANGUAGES, Knowledge, Language
from assistant.lexical import Lexical

Vectors = NDArray[np.float32]
POINTER = "CURRENT"
LEXICAL_WEIGHT = 0.3  # cosine + 0.3 × BM25 ÷ Σ idf was best or equal everywhere (design, section 4)
NEAREST = 48  # neighbours fetched of each kind; the answer was among 20 wherever it was found at all


@dataclass(frozen=True)
class Passage:
    """A row of the index: the text of an aspect, a typical question of it, or a piece of a librarian's document.

    `aspect` is "ENTRY#ASPECT", "topic#TOPIC" for what we lack, or "document:FILE#N".
    """

    id: str
    aspect: str
    language: Language
    kind: Literal["text", "question", "document"]
    text: str
    title: str = ""


@dataclass(frozen=True)
class Hit:
    """A passage as found: cosine (−1…1) and BM25 ÷ Σ idf (0…about 2)."""

    passage: Passage
    cosine: float
    lexical: float

    @property
    def score(self) -> float:
        """The fused score that hits are ranked by."""
        return self.cosine + LEXICAL_WEIGHT * self.lexical


class Index:
    """One opened version; safe for many threads."""

    def __init__(self, folder: Path, chroma_url: str | None = None) -> None:
        try:
            self._open(folder, chroma_url)
        except (OSError, ValueError, KeyError, TypeError, ChromaError, json.JSONDecodeError) as error:
            raise IndexUnavailable(f"the index in {folder} cannot be opened ({error}); run `shyraq ingest`") from error

    def _open(self, folder: Path, chroma_url: str | None) -> None:
        self.version = folder.name
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.passages = read_passages(folder)
        knowledge = Knowledge.model_validate_json((folder / "knowledge.json").read_text(encoding="utf-8"))
        references = References.model_validate_json((folder / "references.json").read_text(encoding="utf-8"))
        self.catalogue = Catalogue(knowledge, references)
        vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        self.documents = {passage.aspect: passage for passage in self.passages if passage.kind == "document"}
        if not len(vectors) == len(self.passages) == self.manifest["passages"]:
            raise ValueError("its parts differ in length")
        client = open_chroma(folder, chroma_url)
        self._collections: dict[Language, Any] = {}
        self._rows: dict[Language, list[Passage]] = {}
        self._vectors: dict[Language, Vectors] = {}
        self._lexical: dict[Language, Lexical] = {}
        for language in LANGUAGES:
            mine = [number for number, passage in enumerate(self.passages) if passage.language == language]
            self._rows[language] = [self.passages[number] for number in mine]
            self._vectors[language] = np.ascontiguousarray(vectors[mine])
            self._lexical[language] = Lexical.load(folder / f"lexical-{language}.npz")
            self._collections[language] = client.get_collection(collection_name(language, folder.name), embedding_function=None)
            if self._collections[language].count() != len(mine):
                raise ValueError(f"the collection of {language} is not whole")

    def search(self, language: Language, text: str, vector: Sequence[float], *, lexical: bool = True) -> list[Hit]:
        """The passages of `language` nearest to a question, best first.

        `lexical` is for questions in the passages' own language: between languages word overlap is noise.
        """
        rows = self._rows[language]
        if not rows:
            return []
        found = self._nearest(language, vector)
        overlap = self._lexical[language].scores(text) if lexical else np.zeros(len(rows), np.float32)
        if lexical:
            best = np.argpartition(-overlap, min(NEAREST, len(rows) - 1))[:NEAREST]
            found |= {int(row) for row in best if overlap[row] > 0}
        order = np.fromiter(found, np.int64)
        cosines = self._vectors[language][order] @ np.asarray(vector, np.float32)
        hits = [Hit(rows[row], float(c), float(overlap[row])) for row, c in zip(order, cosines, strict=True)]
        return sorted(hits, key=lambda hit: -hit.score)

    def _nearest(self, language: Language, vector: Sequence[float]) -> set[int]:
        try:
            found = self._collections[language].query(query_embeddings=[list(vector)], n_results=NEAREST, include=[])
        except Exception as error:  # chromadb's Rust side raises bare Exceptions as well as ChromaError
            raise IndexUnavailable(f"the index does not answer: {error}; run `shyraq ingest`") from error
        return {int(name) for name in found["ids"][0]}


def collection_name(language: Language, version: str) -> str:
    """The Chroma collection of a language in a version."""
    return f"{language}-{version}"


def open_chroma(folder: Path, url: str | None) -> ClientAPI:
    """Chroma embedded in the version's folder, or the server that SHYRAQ_CHROMA_URL names."""
    settings = ChromaSettings(anonymized_telemetry=False)
    if url:
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        return chromadb.HttpClient(host=parts.hostname or "localhost", port=port, ssl=secure, settings=settings)
    return chromadb.PersistentClient(str(folder / "chroma"), settings=settings)


def forget_clients() -> None:
    """Drop Chroma's process-wide cache of clients, so that a folder is opened from disk again."""
    SharedSystemClient.clear_system_cache()


def read_passages(folder: Path) -> list[Passage]:
    """The passages of a version, in the order of its vectors."""
    lines = (folder / "passages.jsonl").read_text(encoding="utf-8").splitlines()
    return [Passage(**json.loads(line)) for line in lines]


def write_passages(folder: Path, passages: Sequence[Passage]) -> None:
    """One JSON object a line."""
    lines = (json.dumps(asdict(passage), ensure_ascii=False) for passage in passages)
    (folder / "passages.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def current_version(root: Path) -> str | None:
    """The version that the pointer names, if there is one."""
    try:
        return (root / POINTER).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


class Shelf:
    """The index in force: re-reads the pointer, so that a new version is served without a restart."""

    def __init__(self, root: Path, chroma_url: str | None = None) -> None:
        self._root, self._url = root, chroma_url
        self._index: Index | None = None
        self._failed: str | None = None

    def index(self) -> Index:
        """The current version, or the one before it where the current is damaged; raises IndexUnavailable."""
        version = current_version(self._root)
        if version is None:
            raise IndexUnavailable(f"there is no index in {self._root}; run `shyraq ingest`")
        if self._index and version in (self._index.version, self._failed):
            return self._index
        try:
            self._index, self._failed = Index(self._root / version, self._url), None
        except IndexUnavailable:
            self._failed = version
            if self._index is None:
                self._index = self._older(version)
        return self._index

    def _older(self, broken: str) -> Index:
        """The newest version that opens, other than the broken one."""
        folders = (folder for folder in self._root.iterdir() if folder.is_dir() and folder.name != broken)
        for folder in sorted(folders, key=lambda folder: -folder.stat().st_mtime):
            try:
                return Index(folder, self._url)
            except IndexUnavailable:
                continue
        raise IndexUnavailable(f"no index in {self._root} can be opened; run `shyraq ingest`")
