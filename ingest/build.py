"""Knowledge → a new version of the index: validate, embed what is new, write, verify every vector, switch, prune.

Killed at any moment, the pointer names the old version or the new one, and both are whole.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from assistant.catalogue import read_references
from assistant.dialogue import Dialogue
from assistant.embedding import MODEL_FOLDER, Model, open_model
from assistant.errors import IndexUnavailable
from assistant.index import (
    POINTER,
    Index,
    Passage,
    Vectors,
    collection_name,
    current_version,
    forget_clients,
    open_chroma,
    read_passages,
    write_passages,
)
from assistant.knowledge import LANGUAGES, Knowledge, Language, load
from assistant.language import Identifier
from assistant.lexical import Lexical
from assistant.settings import Settings, shipped
from ingest.documents import document_passages
from ingest.model import ensure_model
from ingest.passages import passages_of

Say = Callable[[str], None]
FORMAT = 2  # raise it when the meaning of an index folder changes
VERIFIED = "VERIFIED"  # a file that only wholly written and looked-up versions hold
KEPT = 2  # versions: the one in force and the one before
SAME = 1e-3  # cosine distance below which two vectors are one text; int8 noise is 0, other texts begin at 0.02
BATCH = 500


def ingest(settings: Settings, say: Say) -> str:
    """Bring the index up to date and return its version; raises KnowledgeError, ModelError, IndexUnavailable."""
    knowledge = load(settings.knowledge_dir)
    root = settings.data_dir / "index"
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root, say):
        if settings.embedding == "e5-small":
            ensure_model(settings.data_dir / "models" / MODEL_FOLDER, say)
        documents = document_passages(settings.knowledge_dir / "documents", Identifier.load(), say)
        passages = passages_of(knowledge, Dialogue.load(shipped("prompts"))) + documents
        content = _fingerprint(knowledge, passages, settings.embedding)
        version = current_version(root)
        if version and _is_whole(root / version, content, settings.chroma_url):
            say(f"The index is up to date: {len(passages)} passages, version {version}")
            return version
        model = open_model(settings.embedding, settings.data_dir)
        vectors = _embed(passages, model, _known_vectors(root, settings.embedding))
        folder = _new_folder(root, content)
        _write(folder, knowledge, passages, vectors, {"content": content, "embedding": settings.embedding})
        _fill_chroma(folder, passages, vectors, settings.chroma_url)
        _verify(folder, passages, vectors, settings.chroma_url)
        _switch(root, folder)
        _prune(root, settings.chroma_url)
    say(f"The index is ready: {len(passages)} passages, version {folder.name}")
    return folder.name


@contextmanager
def _alone(root: Path, say: Say) -> Iterator[None]:
    """One ingest at a time; the lock goes with the process, however it ends."""
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ingest is at work; waiting for it…")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(knowledge: Knowledge, passages: Sequence[Passage], embedding: str) -> str:
    digest = hashlib.sha256(f"{FORMAT} {embedding} {MODEL_FOLDER}\n".encode())
    digest.update(knowledge.model_dump_json().encode())
    digest.update(repr(passages).encode())
    return digest.hexdigest()


def _is_whole(folder: Path, content: str, chroma_url: str | None) -> bool:
    try:
        return bool(Index(folder, chroma_url).manifest["content"] == content)
    except IndexUnavailable:
        return False


def _new_folder(root: Path, content: str) -> Path:
    folder = root / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{content[:8]}-{os.getpid()}"
    folder.mkdir()
    return folder


def _key(passage: Passage) -> tuple[bool, str]:
    """Two passages with one key have one vector: questions and texts are embedded with different prefixes."""
    return passage.kind == "question", passage.text


def _known_vectors(root: Path, embedding: str) -> dict[tuple[bool, str], list[float]]:
    """The vectors of the version in force, so that unchanged passages are not embedded again."""
    version = current_version(root)
    if not version:
        return {}
    try:
        manifest = json.loads((root / version / "manifest.json").read_text(encoding="utf-8"))
        if (manifest["embedding"], manifest["model"]) != (embedding, MODEL_FOLDER):
            return {}
        passages, vectors = read_passages(root / version), np.load(root / version / "vectors.npy")
        return {_key(passage): vector.tolist() for passage, vector in zip(passages, vectors, strict=True)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # a damaged version saves no work; it is replaced


def _embed(passages: Sequence[Passage], model: Model, known: dict[tuple[bool, str], list[float]]) -> Vectors:
    """A unit vector a passage (passages × dimensions), with a bar over those that are new."""
    new = list({_key(passage): passage for passage in passages if _key(passage) not in known}.values())
    columns = (TextColumn("Embedding"), BarColumn(), MofNCompleteColumn(), TextColumn("passages"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar, ThreadPoolExecutor(os.cpu_count()) as pool:
        for passage, vector in zip(new, bar.track(pool.map(lambda p: _vector(p, model), new), len(new)), strict=True):
            known[_key(passage)] = vector
    return np.array([known[_key(passage)] for passage in passages], np.float32)


def _vector(passage: Passage, model: Model) -> list[float]:
    if passage.kind == "question":
        return model.embed_query(passage.text)
    return model.embed_documents([f"{passage.title}. {passage.text}" if passage.kind == "document" else passage.text])[0]


def _write(
    folder: Path, knowledge: Knowledge, passages: Sequence[Passage], vectors: Vectors, about: dict[str, str]
) -> None:
    np.save(folder / "vectors.npy", vectors)
    write_passages(folder, passages)
    (folder / "knowledge.json").write_text(knowledge.model_dump_json(), encoding="utf-8")
    (folder / "references.json").write_text(read_references(knowledge).model_dump_json(), encoding="utf-8")
    for language in LANGUAGES:
        texts = [passage.text for passage in passages if passage.language == language]
        Lexical.build(texts).save(folder / f"lexical-{language}.npz")
    counts = {language: sum(passage.language == language for passage in passages) for language in LANGUAGES}
    manifest = {**about, "model": MODEL_FOLDER, "passages": len(passages), "languages": counts}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _rows(passages: Sequence[Passage], vectors: Vectors, language: Language) -> Vectors:
    return vectors[[number for number, passage in enumerate(passages) if passage.language == language]]


def _fill_chroma(folder: Path, passages: Sequence[Passage], vectors: Vectors, url: str | None) -> None:
    """One collection a language; a row's id is its place among the passages of that language."""
    with open_chroma(folder, url) as client:
        for language in LANGUAGES:
            name = collection_name(language, folder.name)
            space = {"hnsw": {"space": "cosine"}}
            collection = client.create_collection(name, configuration=space, embedding_function=None)
            rows = _rows(passages, vectors, language)
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                collection.add(ids=[str(start + place) for place in range(len(part))], embeddings=part)
    forget_clients()


def _verify(folder: Path, passages: Sequence[Passage], vectors: Vectors, url: str | None) -> None:
    """Look every vector up in what was written, opened anew; raises IndexUnavailable if one is not found."""
    with open_chroma(folder, url) as client:
        for language in LANGUAGES:
            collection = client.get_collection(collection_name(language, folder.name), embedding_function=None)
            rows = _rows(passages, vectors, language)
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                found = collection.query(query_embeddings=part, n_results=1, include=["distances"])
                lost = sum(not near or near[0] > SAME for near in found["distances"] or [])
                if lost or len(found["ids"]) != len(part):
                    raise IndexUnavailable(f"{lost} vectors cannot be found in the new index; the old one stays in force")
    forget_clients()
    (folder / VERIFIED).touch()


def _switch(root: Path, folder: Path) -> None:
    """Everything on disk first, then the pointer, by one atomic rename."""
    for path in [*folder.rglob("*"), folder, root]:
        _flush(path)
    pointer = root / f"{POINTER}.new"
    pointer.write_text(folder.name, encoding="utf-8")
    _flush(pointer)
    pointer.replace(root / POINTER)
    _flush(root)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(root: Path, url: str | None) -> None:
    """Keep the newest verified versions; older ones and the half-built folders of killed runs go."""
    versions = sorted((path for path in root.iterdir() if path.is_dir()), key=lambda path: path.name, reverse=True)
    kept = [path for path in versions if (path / VERIFIED).exists()][:KEPT]
    for path in versions:
        if path not in kept:
            _drop_collections(path, url)
            shutil.rmtree(path, ignore_errors=True)


def _drop_collections(folder: Path, url: str | None) -> None:
    """On a Chroma server the collections of a pruned version do not go with its folder."""
    if url:
        with open_chroma(folder, url) as client:
            mine = {collection_name(language, folder.name) for language in LANGUAGES}
            for collection in client.list_collections():
                if collection.name in mine:
                    client.delete_collection(collection.name)
