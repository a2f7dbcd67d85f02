"""Knowledge → a new version of the index: validate, embed what is new, write, verify every vector, switch, prune.

Killed at any moment, the pointer names the old version or the new one, and both are whole.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from assistant.catalogue import read_references
from assistant.dialogue import Dialogue
from assistant.embedding import MODEL_FOLDER, VECTORS, Model, open_model
from assistant.errors import IndexUnavailable
from assistant.index import (
    POINTER,
    VERIFIED,
    Index,
    Passage,
    Vectors,
    chroma,
    create_collection,
    current_version,
    drop_collections,
    finished_versions,
    lost,
    open_collection,
    read_passages,
    write_passages,
)
from assistant.knowledge import LANGUAGES, Knowledge, Language, load
from assistant.language import Identifier
from assistant.lexical import Lexical
from assistant.settings import Settings, shipped
from ingest.classifier import teach
from ingest.cores import on_all_cores
from ingest.documents import document_passages
from ingest.model import ensure_model
from ingest.passages import passages_of
from ingest.progress import Say, watched
from ingest.vectors import Wording, shipped_vectors, wording

Rows = dict[Language, Vectors]  # each language's vectors, in the order of their ids in Chroma
FORMAT = 8  # raise it when the meaning of an index folder changes
KEPT = 2  # versions: the one in force and the one before
BATCH = 500
TRIES = 3  # to fill Chroma so that every vector can be found


def ingest(settings: Settings, say: Say, prompts: Path | None = None) -> str:
    """Bring the index up to date and return its version; raises KnowledgeError, ModelError, IndexUnavailable.

    `prompts`: the folder with the dialogue to index, in place of the shipped one.
    """
    knowledge = load(settings.knowledge_dir)
    dialogue = Dialogue.load(prompts or shipped("prompts"))
    root = settings.data_dir / "index"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root, say):
            return _update(root, knowledge, dialogue, settings, say)
    except OSError as error:
        raise IndexUnavailable(
            f"cannot write in {settings.data_dir} ({error.strerror or error}); free some space there, or let"
            " SHYRAQ_DATA_DIR name a folder that can be written to. The index in force stays as it is"
        ) from error


def _update(root: Path, knowledge: Knowledge, dialogue: Dialogue, settings: Settings, say: Say) -> str:
    _prune(root, settings.chroma_url)
    if settings.embedding == "e5-small":
        ensure_model(settings.data_dir / "models" / MODEL_FOLDER, say)
    documents = document_passages(settings.knowledge_dir / "documents", Identifier.load(), say)
    passages = passages_of(knowledge, dialogue) + documents
    content = _fingerprint(knowledge, passages, settings.embedding)
    version = current_version(root)
    if version and _is_whole(root / version, content, settings.chroma_url):
        say(f"The index is up to date: {len(passages)} passages, version {version}")
        return version
    wordings = [wording(passage) for passage in passages]
    known = _known_vectors(root, settings.embedding, wordings)
    new = [each for each in dict.fromkeys(wordings) if each not in known]
    if new:
        known |= embed(new, open_model(settings.embedding, settings.data_dir), say)
    vectors = np.stack([known[each] for each in wordings])
    folder = _new_folder(root, content)
    about = {"content": content, "embedding": settings.embedding}
    write_version(folder, knowledge, passages, vectors, about, settings.chroma_url, say)
    _switch(root, folder)
    _prune(root, settings.chroma_url)
    say(f"The index is ready: {len(passages)} passages ({len(new)} texts embedded anew), version {folder.name}")
    return folder.name


def write_version(
    folder: Path,
    knowledge: Knowledge,
    passages: Sequence[Passage],
    vectors: Vectors,
    about: dict[str, str],
    chroma_url: str | None,
    say: Say,
) -> None:
    """Write an index version into an empty folder and look every vector up; `about` goes into its manifest."""
    say(f"Writing {len(passages)} passages…")
    _write(folder, knowledge, passages, vectors, about, say)
    rows = {language: _rows(passages, vectors, language) for language in LANGUAGES}
    for _ in range(TRIES):
        _fill_chroma(folder, rows, chroma_url, say)
        missed = _missed(folder, rows, chroma_url, say)
        if not missed:
            (folder / VERIFIED).touch()
            return
        say(f"{missed} vectors cannot be found; filling Chroma anew…")  # its graph is drawn by chance
        drop_collections(folder, chroma_url)
    raise IndexUnavailable(f"{missed} vectors cannot be found in the new index; the one in force stays as it is")


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
    digest = hashlib.sha256(f"{FORMAT} {embedding} {VECTORS}\n".encode())
    digest.update(knowledge.model_dump_json().encode())
    digest.update(repr(passages).encode())
    return digest.hexdigest()


def _is_whole(folder: Path, content: str, chroma_url: str | None) -> bool:
    try:
        return bool(Index(folder, chroma_url).manifest["content"] == content)
    except IndexUnavailable:
        return False


def _new_folder(root: Path, content: str) -> Path:
    folder = root / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{content[:8]}"
    folder.mkdir()
    return folder


def _known_vectors(root: Path, embedding: str, wordings: Sequence[Wording]) -> dict[Wording, Vectors]:
    """The vectors of the version in force, and the shipped ones, so that unchanged passages are not embedded again."""
    known = _indexed_vectors(root, embedding)
    missing = [each for each in dict.fromkeys(wordings) if each not in known]
    return known | shipped_vectors(missing) if missing and embedding == "e5-small" else known


def _indexed_vectors(root: Path, embedding: str) -> dict[Wording, Vectors]:
    version = current_version(root)
    if not version:
        return {}
    try:
        manifest = json.loads((root / version / "manifest.json").read_text(encoding="utf-8"))
        if (manifest["embedding"], manifest["model"]) != (embedding, VECTORS):
            return {}
        passages, vectors = read_passages(root / version), np.load(root / version / "vectors.npy")
        return dict(zip(map(wording, passages), vectors, strict=True))
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return {}  # a damaged version saves no work; it is replaced


def embed(new: Sequence[Wording], model: Model, say: Say) -> dict[Wording, Vectors]:
    """A unit vector a wording, on all cores."""
    return on_all_cores(lambda each: _vector(each, model), new, "Embedding texts", say)


def _vector(each: Wording, model: Model) -> Vectors:
    is_question, text = each
    return np.array(model.embed_query(text) if is_question else model.embed_documents([text])[0], np.float32)


def _write(
    folder: Path, knowledge: Knowledge, passages: Sequence[Passage], vectors: Vectors, about: dict[str, str], say: Say
) -> None:
    np.save(folder / "vectors.npy", vectors)
    write_passages(folder, passages)
    (folder / "knowledge.json").write_text(knowledge.model_dump_json(), encoding="utf-8")
    references = read_references(knowledge, (passage.text for passage in passages))
    (folder / "references.json").write_text(references.model_dump_json(), encoding="utf-8")
    for language in LANGUAGES:
        texts = [wording(passage)[1] for passage in passages if passage.language == language]
        Lexical.build(texts).save(folder / f"lexical-{language}.npz")
    taught = [row for row, passage in enumerate(passages) if passage.kind != "document"]
    teach(vectors[taught], [passages[row].aspect for row in taught], say).save(folder / "classifier.npz")
    counts = {language: sum(passage.language == language for passage in passages) for language in LANGUAGES}
    manifest = {**about, "model": VECTORS, "passages": len(passages), "languages": counts}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _batches(rows: Rows) -> list[tuple[Language, range]]:
    """The rows of each language's collection, a batch at a time."""
    return [
        (language, range(start, min(start + BATCH, len(mine))))
        for language, mine in rows.items()
        for start in range(0, len(mine), BATCH)
    ]


def _rows(passages: Sequence[Passage], vectors: Vectors, language: Language) -> Vectors:
    return vectors[[number for number, passage in enumerate(passages) if passage.language == language]]


def _fill_chroma(folder: Path, rows: Rows, url: str | None, say: Say) -> None:
    """One collection a language; a row's id is its place among the passages of that language."""
    batches = _batches(rows)
    with chroma(folder, url) as client:
        into = {lang: create_collection(client, lang, folder.name, len(rows[lang])) for lang in LANGUAGES}
        for language, batch in watched(batches, len(batches), "Filling Chroma", say):
            into[language].add(ids=[str(row) for row in batch], embeddings=rows[language][batch])


def _missed(folder: Path, rows: Rows, url: str | None, say: Say) -> int:
    """How many vectors are not found in what was written, opened anew; every one is looked up."""
    batches = _batches(rows)
    with chroma(folder, url) as client:
        written = {language: open_collection(client, language, folder.name) for language in LANGUAGES}
        watch = watched(batches, len(batches), "Verifying", say)
        return sum(lost(written[language], rows[language], batch) for language, batch in watch)


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
    """Keep the version in force and the newest before it; older ones and the half-built folders of killed runs go."""
    current = current_version(root)
    kept = sorted(finished_versions(root), key=lambda folder: folder.name != current)[:KEPT]
    for folder in [path for path in root.iterdir() if path.is_dir() and path not in kept]:
        if url:
            drop_collections(folder, url)
        shutil.rmtree(folder, ignore_errors=True)
