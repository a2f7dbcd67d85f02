"""The search index: one folder a version, never written after it is switched in; the only file that knows Chroma.

    DATA/index/CURRENT           the name of the version that is served, replaced atomically
    DATA/index/VERSION/          chroma/  lexical-LANGUAGE.npz  classifier.npz  vectors.npy  passages.jsonl
                                 knowledge.json  references.json  manifest.json  VERIFIED

Chroma written in place does not survive `kill -9` (10 dead collections in 236 kills, chromadb 1.5.9); new folders and
a pointer do (473 kills, none). One collection a language: a metadata filter costs 400 ms at 100,000 rows, its absence
2.7.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from sys import intern
from threading import Lock
from typing import Any, Literal, NamedTuple, cast
from urllib.parse import urlsplit
from weakref import finalize

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateHNSWConfiguration
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import NotFoundError
from numpy.typing import NDArray

from assistant.catalogue import Catalogue, References
from assistant.classifier import Classifier, Floats
from assistant.errors import IndexUnavailable, ShyraqError
from assistant.knowledge import LANGUAGES, Knowledge, Language
from assistant.lexical import Lexical

logger = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
POINTER = "CURRENT"
VERIFIED = "VERIFIED"  # a file that only wholly written and looked-up versions hold
SAME = 1e-3  # cosine distance below which two vectors are one text; int8 noise is 0, other texts begin at 0.02
RETRY_SECONDS = 60  # until a version that did not open is tried again: a Chroma server may have been away
LEXICAL_WEIGHT = 0.3  # cosine + 0.3 × BM25 ÷ Σ idf was best or equal everywhere (design, section 4)
NEAREST = 48  # neighbours fetched of each kind; the answer was among 20 wherever it was found at all
LIKELIEST = 12  # classes of the classifier whose passages are looked at however far they are
SHOWN = 4  # passages of an aspect that are worth a look, beside its own text
UNTAUGHT = -4.0  # the chance of a librarian's document, of which no question was ever taught


class Passage(NamedTuple):
    """A row of the index: the text of an aspect, a typical question of it, or a piece of a librarian's document.

    `aspect` is "ENTRY#ASPECT", "topic#TOPIC" for what we lack, or "document:FILE#N".
    """

    id: str
    aspect: str
    language: Language
    kind: Literal["text", "question", "document"]
    text: str
    title: str = ""


class Hit(NamedTuple):
    """A passage as found: cosine (−1…1), BM25 ÷ Σ idf (0…about 2), and ln P(its aspect is asked for)."""

    passage: Passage
    cosine: float
    lexical: float
    chance: float

    @property
    def score(self) -> float:
        """The fused score that hits are ranked by."""
        return self.cosine + LEXICAL_WEIGHT * self.lexical


class Part:
    """The passages of one language, row by row, with the aspect of each."""

    def __init__(self, rows: list[Passage], vectors: Vectors, lexical: Lexical, classes: Sequence[str]) -> None:
        self.rows, self.lexical = rows, lexical
        # In int8, a quarter of the memory: a cosine is off by 0.0009 on average, by 0.0034 at most.
        self._step = float(np.abs(vectors).max(initial=1e-6)) / 127
        self._vectors = np.rint(vectors / self._step).astype(np.int8)
        names, self.aspect_of = np.unique([passage.aspect for passage in rows], return_inverse=True)
        self.numbers = {str(name): number for number, name in enumerate(names)}
        self._documents = np.flatnonzero([passage.kind == "document" for passage in rows])
        self._is_text = np.array([passage.kind != "question" for passage in rows], bool)
        self._rows_of = [np.flatnonzero(self.aspect_of == number) for number in range(len(names))]
        taught = {name: number for number, name in enumerate(classes)}
        self._class_of = np.array([taught.get(str(name), len(classes)) for name in names], np.int64)

    def chances(self, classes: Floats) -> Floats:
        """ln P of each aspect, from those of the classifier's classes."""
        found: Floats = np.append(classes, np.float32(UNTAUGHT))[self._class_of]
        return found

    def documents(self, vector: Vectors, text: str, count: int) -> list[Hit]:
        """The pieces of documents nearest to a question, best first."""
        if not len(self._documents):
            return []
        overlap = self.lexical.scores(text)[self._documents]
        cosines = self._vectors[self._documents].astype(np.float32) @ (vector * np.float32(self._step))
        order = np.argsort(-(cosines + LEXICAL_WEIGHT * overlap), kind="stable")[:count]
        columns = (cosines[order].tolist(), overlap[order].tolist())
        found = zip(self._documents[order].tolist(), *columns, strict=True)
        return [Hit(self.rows[row], cosine, lexical, UNTAUGHT) for row, cosine, lexical in found]

    def hits(self, aspects: Iterable[int], vector: Vectors, overlap: Floats, chances: Floats) -> list[Hit]:
        """The passages of these aspects worth a look, best first."""
        order = np.concatenate([self._rows_of[aspect] for aspect in aspects])
        cosines = self._vectors[order].astype(np.float32) @ (vector * np.float32(self._step))
        scores = cosines + LEXICAL_WEIGHT * overlap[order]
        sorting = np.lexsort((-scores, self.aspect_of[order]))
        owners = self.aspect_of[order][sorting]
        first = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
        place = np.arange(len(owners)) - np.repeat(first, np.diff(np.append(first, len(owners))))
        kept = sorting[(place < SHOWN) | self._is_text[order][sorting]]
        kept = kept[np.argsort(-scores[kept], kind="stable")]
        rows = order[kept]
        columns = (cosines[kept], overlap[rows], chances[self.aspect_of[rows]])
        found = zip(rows.tolist(), *(column.tolist() for column in columns), strict=True)
        return [Hit(self.rows[row], *numbers) for row, *numbers in found]


class Index:
    """One opened version; safe for many threads."""

    def __init__(self, folder: Path, chroma_url: str | None = None) -> None:
        try:
            self._open(folder, chroma_url)
        except Exception as error:  # a damaged file raises whatever its reader makes of it: EOFError, BadZipFile, …
            raise IndexUnavailable(f"the index in {folder} cannot be opened ({error}); run `shyraq ingest`") from error

    def _open(self, folder: Path, chroma_url: str | None) -> None:
        if not (folder / VERIFIED).exists():
            raise ValueError("it was never finished")
        self._folder, self.version = folder, folder.name
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.passages = read_passages(folder)
        knowledge = Knowledge.model_validate_json((folder / "knowledge.json").read_text(encoding="utf-8"))
        references = References.model_validate_json((folder / "references.json").read_text(encoding="utf-8"))
        self.catalogue = Catalogue(knowledge, references)
        vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        self.documents = {passage.aspect: passage for passage in self.passages if passage.kind == "document"}
        if not len(vectors) == len(self.passages) == self.manifest["passages"]:
            raise ValueError("its parts differ in length")
        self.classifier = Classifier.load(folder / "classifier.npz")
        client = open_chroma(folder, chroma_url)
        finalize(self, client.close)  # when the last question has left a replaced version, so do its files and memory
        self._parts: dict[Language, Part] = {}
        self.collections: dict[Language, Collection] = {}
        for language in LANGUAGES:
            mine = [number for number, passage in enumerate(self.passages) if passage.language == language]
            lexical = Lexical.load(folder / f"lexical-{language}.npz")
            own, rows = [self.passages[number] for number in mine], vectors[mine]
            self._parts[language] = Part(own, rows, lexical, self.classifier.classes)
            self.collections[language] = open_collection(client, language, folder.name)
            self._check(language, rows)

    def vectors(self, language: Language) -> Vectors:
        """The vectors of a language's passages, in the order of their ids in Chroma; read from disk."""
        mine = [number for number, passage in enumerate(self.passages) if passage.language == language]
        found: Vectors = np.load(self._folder / "vectors.npy", mmap_mode="r")[mine]
        return found

    def _check(self, language: Language, vectors: Vectors) -> None:
        """A look at a few vectors: Chroma goes on counting rows that it has lost."""
        collection = self.collections[language]
        sample = sorted({0, len(vectors) // 2, len(vectors) - 1}) if len(vectors) else []
        if collection.count() != len(vectors) or lost(collection, vectors, sample):
            raise ValueError(f"the collection of {language} is not whole")

    def search(
        self,
        language: Language,
        text: str,
        vector: Sequence[float],
        *,
        about: Iterable[str] = (),
        lexical: bool = True,
    ) -> list[Hit]:
        """The passages of `language` nearest to a question, best first: a few of each aspect, and all aspects `about`.

        `lexical` is for questions in the passages' own language: between languages word overlap is noise.
        """
        part = self._parts[language]
        if not part.rows:
            return []
        found = self._nearest(language, vector)
        overlap = part.lexical.scores(text) if lexical else np.zeros(len(part.rows), np.float32)
        if lexical:
            best = np.argpartition(-overlap, min(NEAREST, len(part.rows) - 1))[:NEAREST]
            found |= {int(row) for row in best if overlap[row] > 0}
        chances = part.chances(self.classifier.chances(vector))
        aspects = {int(aspect) for aspect in part.aspect_of[np.fromiter(found, np.int64)]}
        aspects.update(int(aspect) for aspect in np.argsort(-chances)[:LIKELIEST])
        aspects.update(part.numbers[name] for name in about if name in part.numbers)
        return part.hits(aspects, np.asarray(vector, np.float32), overlap, chances)

    def documents_near(self, language: Language, text: str, vector: Sequence[float]) -> list[Hit]:
        """The pieces of librarians' documents in `language` nearest to a question, best first."""
        return self._parts[language].documents(np.asarray(vector, np.float32), text, NEAREST)

    def _nearest(self, language: Language, vector: Sequence[float]) -> set[int]:
        asked = np.asarray([vector], np.float32)
        try:
            found = self.collections[language].query(query_embeddings=asked, n_results=NEAREST, include=[])
        except Exception as error:  # chromadb's Rust side raises bare Exceptions as well as ChromaError
            raise IndexUnavailable(f"the index does not answer: {error}; run `shyraq ingest`") from error
        return {int(name) for name in found["ids"][0]}


def collection_name(language: Language, version: str) -> str:
    """The Chroma collection of a language in a version."""
    return f"{language}-{version}"


def create_collection(client: Client, language: Language, version: str, size: int) -> Collection:
    """That collection, new, for `size` vectors; no embedding function, for Chroma's own downloads a model.

    Flushed once, whole: what is not flushed is inserted anew whenever the collection is opened. The graph is denser
    than by default, where 3 of 40,000 vectors could never be found again (with 32 neighbours, 1 of 33,100 once).
    """
    whole = max(size, 2)
    hnsw = CreateHNSWConfiguration(
        space="cosine",
        max_neighbors=48,
        ef_construction=300,
        ef_search=200,
        sync_threshold=whole,
        batch_size=min(whole, 100),
    )
    name = collection_name(language, version)
    return client.create_collection(name, configuration={"hnsw": hnsw}, embedding_function=None)


def open_collection(client: Client, language: Language, version: str) -> Collection:
    """That collection, as it was built."""
    return client.get_collection(collection_name(language, version), embedding_function=None)


def drop_collections(folder: Path, url: str | None) -> None:
    """Delete a version's collections; those on a Chroma server do not go with its folder."""
    with chroma(folder, url) as client:
        for language in LANGUAGES:
            with suppress(NotFoundError):
                client.delete_collection(collection_name(language, folder.name))


def lost(collection: Collection, vectors: NDArray[np.floating[Any]], sample: Sequence[int]) -> int:
    """How many of the sampled rows of `vectors` (rows × dimensions) Chroma does not find; its ids are row numbers."""
    if not sample:
        return 0
    asked = vectors[list(sample)].astype(np.float32)
    found = collection.query(query_embeddings=asked, n_results=1, include=[])["ids"]
    near = zip(asked, found, strict=True)
    return sum(not ids or float(vectors[int(ids[0])].astype(np.float32) @ row) < 1 - SAME for row, ids in near)


def open_chroma(folder: Path, url: str | None) -> Client:
    """Chroma embedded in the version's folder, or the server that SHYRAQ_CHROMA_URL names; to be closed."""
    settings = ChromaSettings(anonymized_telemetry=False)
    if not url:
        return cast(Client, chromadb.PersistentClient(str(folder / "chroma"), settings=settings))
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    return cast(Client, chromadb.HttpClient(parts.hostname or "localhost", port, ssl=secure, settings=settings))


@contextmanager
def chroma(folder: Path, url: str | None) -> Iterator[Client]:
    """A client for the time of the block; what Chroma raises there becomes IndexUnavailable."""
    try:
        with open_chroma(folder, url) as client:
            yield client
    except ShyraqError:
        raise
    except Exception as error:  # chromadb's Rust side raises bare Exceptions as well as ChromaError
        where = f"the Chroma server {urlsplit(url).hostname}" if url else f"Chroma in {folder}"
        raise IndexUnavailable(f"{where} fails ({error}); mend that and run `shyraq ingest` again") from error


def read_passages(folder: Path) -> list[Passage]:
    """The passages of a version, in the order of its vectors."""
    lines = (folder / "passages.jsonl").read_text(encoding="utf-8").strip("\n").replace("\n", ",")
    rows = json.loads(f"[{lines}]")  # in one go: a third of the time
    return [
        Passage(row["id"], intern(row["aspect"]), row["language"], row["kind"], row["text"], intern(row["title"]))
        for row in rows  # interned: many rows have these words, and keep them in memory once
    ]


def write_passages(folder: Path, passages: Sequence[Passage]) -> None:
    """One JSON object a line."""
    lines = (json.dumps(passage._asdict(), ensure_ascii=False) for passage in passages)
    (folder / "passages.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def current_version(root: Path) -> str | None:
    """The version that the pointer names, if there is one; raises IndexUnavailable where it cannot be read."""
    try:
        return (root / POINTER).read_text(encoding="utf-8", errors="replace").strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"the index in {root} cannot be read ({error.strerror}); check SHYRAQ_DATA_DIR"
        raise IndexUnavailable(message) from error


def current_folder(root: Path) -> Path:
    """The folder of that version; raises IndexUnavailable where there is none."""
    version = current_version(root)
    if version is None:
        raise IndexUnavailable(f"there is no index in {root}; run `shyraq ingest`")
    return root / version


def finished_versions(root: Path) -> list[Path]:
    """The folders of all versions that were ever fit to serve, newest first."""
    return sorted((mark.parent for mark in root.glob(f"*/{VERIFIED}")), key=lambda folder: folder.name, reverse=True)


class Shelf:
    """The index in force: re-reads the pointer, so that a new version is served without a restart."""

    def __init__(self, root: Path, chroma_url: str | None = None) -> None:
        self._root, self._url = root, chroma_url
        self._index: Index | None = None
        self._opening = Lock()
        self._failed, self._again = "", 0.0  # a version that did not open, and when to try it again

    def index(self) -> Index:
        """The current version, or the one before it where the current is damaged; raises IndexUnavailable.

        While one thread opens a new version, the others go on with the old one.
        """
        version = current_folder(self._root).name
        index = self._index
        if index and (self._is_settled(index, version) or self._opening.locked()):
            return index
        with self._opening:
            if self._index is None or not self._is_settled(self._index, version):
                self._index = self._open(version)
            return self._index

    def _is_settled(self, index: Index, version: str) -> bool:
        return index.version == version or (self._failed == version and time.monotonic() < self._again)

    def _open(self, version: str) -> Index:
        try:
            return Index(self._root / version, self._url)
        except IndexUnavailable as error:
            self._failed, self._again = version, time.monotonic() + RETRY_SECONDS
            logger.warning("index_damaged", extra={"fields": {"version": version, "reason": str(error)}})
            return self._index or self._older(version)

    def _older(self, broken: str) -> Index:
        """The newest version that opens, other than the broken one."""
        for folder in finished_versions(self._root):
            if folder.name != broken:
                try:
                    return Index(folder, self._url)
                except IndexUnavailable:
                    continue
        raise IndexUnavailable(f"no index in {self._root} can be opened; run `shyraq ingest`")
