"""Ingest: a new version is whole or is not switched in, and unchanged texts are not embedded again."""

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from assistant.embedding import open_model
from assistant.errors import IndexUnavailable, KnowledgeError, ModelError
from assistant.index import POINTER, VERIFIED, Index, Shelf, chroma
from assistant.knowledge import LANGUAGES, Language
from assistant.settings import ROOT
from ingest.model import ensure_model
from tests.tiny import EVENT, Tiny, command, copy_tiny, unfound, vector_of, write_tiny


def versions(tiny: Tiny) -> list[str]:
    """The names of all version folders, oldest first."""
    return sorted(path.name for path in tiny.root.iterdir() if path.is_dir())


def texts(index: Index) -> set[str]:
    return {passage.text for passage in index.passages}


# Building


def test_everything_is_indexed_and_found(tiny_ingested: Tiny) -> None:
    index = tiny_ingested.shelf().index()
    assert index.manifest["languages"] == {"kk": 9, "ru": 9, "en": 9}
    assert {passage.aspect for passage in index.passages} == {
        "lake#about", "bookmark#meaning", "reading#about", "topic#hours", "intent#greeting"
    }  # fmt: skip
    assert unfound(index) == 0


@pytest.mark.parametrize(
    ("language", "question", "aspect"),
    [
        ("kk", "Көкшетаудағы кітапханада неше кітап", "lake#about"),
        ("kk", "бетбелги деген не", "bookmark#meaning"),
        ("ru", "сколько книг в озерной библиотеке", "lake#about"),
        ("ru", "когда открывается библиотека", "topic#hours"),
        ("en", "what does bookmark mean", "bookmark#meaning"),
        ("en", "hi there", "intent#greeting"),
    ],
)
def test_a_question_finds_its_aspect(tiny_ingested: Tiny, language: Language, question: str, aspect: str) -> None:
    model = open_model("e5-small", tiny_ingested.settings.data_dir)
    hits = tiny_ingested.shelf().index().search(language, question, model.embed_query(question))
    assert hits[0].passage.aspect == aspect
    assert {hit.passage.language for hit in hits} == {language}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_between_languages_meaning_alone_counts(tiny_ingested: Tiny) -> None:
    model = open_model("e5-small", tiny_ingested.settings.data_dir)
    question = "Когда проходит вечер ночного чтения"
    vector = model.embed_query(question)
    hits = tiny_ingested.shelf().index().search("en", question, vector, lexical=False)
    assert hits[0].passage.aspect == "reading#about"
    assert {hit.lexical for hit in hits} == {0.0}


def test_what_is_up_to_date_is_left_alone(tiny: Tiny) -> None:
    before = {path: path.stat().st_mtime_ns for path in tiny.root.glob("*/*.*")}
    (said,) = tiny.ingest()
    assert said == f"The index is up to date: 27 passages, version {tiny.version()}"
    assert {path: path.stat().st_mtime_ns for path in tiny.root.glob("*/*.*")} == before


def test_only_what_changed_is_embedded(tiny: Tiny) -> None:
    old = vector_of(tiny.current())
    tiny.edit(EVENT, "takes place every year", "is a yearly feast")
    assert "(1 texts embedded anew)" in tiny.ingest()[-1]
    new = vector_of(tiny.current())
    assert new.keys() == old.keys()
    assert {name for name in new if not np.array_equal(new[name], old[name])} == {"reading#about/en"}


def test_a_question_and_a_text_of_the_same_words_have_vectors_of_their_own(tiny: Tiny) -> None:
    tiny.edit(EVENT, "[When does the night reading take place]", "[The night reading takes place every year.]")
    assert "(1 texts embedded anew)" in tiny.ingest()[-1]
    vectors = vector_of(tiny.current())
    assert not np.array_equal(vectors["reading#about/en"], vectors["reading#about/en/1"])


def test_the_last_two_versions_are_kept(tiny: Tiny) -> None:
    kept = [tiny.version()]
    for season in ("winter", "spring", "summer"):
        tiny.edit(EVENT, "every year", f"every {season} and every year")
        tiny.ingest()
        kept.append(tiny.version())
    assert versions(tiny) == kept[-2:]


def test_the_version_in_force_stays_whatever_the_clock_says(tiny: Tiny) -> None:
    for year in ("2998", "2999"):
        shutil.copytree(tiny.current(), tiny.root / f"{year}0101-000000-000000-00000000")
    tiny.ingest()
    assert versions(tiny) == [tiny.version(), "29990101-000000-000000-00000000"]


def test_what_a_killed_run_left_is_swept_up(tiny: Tiny) -> None:
    half = tiny.root / "20200101-000000-000000-00000000"
    shutil.copytree(tiny.current(), half)
    (half / VERIFIED).unlink()
    tiny.ingest()
    assert versions(tiny) == [tiny.version()]


def test_a_language_without_documents_and_small_talk_is_no_fault(tiny: Tiny) -> None:
    (tiny.prompts / "dialogue.yaml").write_text("{}", encoding="utf-8")
    tiny.ingest()
    assert unfound(tiny.shelf().index()) == 0


# Faults


def test_a_fault_in_the_knowledge_leaves_the_old_index_serving(tiny: Tiny) -> None:
    before = tiny.version()
    tiny.edit(EVENT, "answers: [overview]", "answers: [overwiev]")
    with pytest.raises(KnowledgeError, match="overwiev"):
        tiny.ingest()
    assert versions(tiny) == [before]
    assert tiny.shelf().index().version == before


def test_a_data_folder_that_cannot_be_made_is_told_plainly(tiny: Tiny) -> None:
    shutil.rmtree(tiny.settings.data_dir)
    tiny.settings.data_dir.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(IndexUnavailable, match=r"cannot write in .* SHYRAQ_DATA_DIR"):
        tiny.ingest()


@pytest.mark.parametrize("room", [10_000, 50_000])
def test_a_full_disk_is_told_plainly_and_the_old_index_stays(tiny: Tiny, room: int) -> None:
    """No file may grow over `room` bytes: the system refuses to write as it does on a full disk."""
    before = tiny.version()
    tiny.edit(EVENT, "every year", "each year")
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}));"
    python, flag, code, *folders = command(tiny)
    run = subprocess.run(
        [python, flag, limit + code, *folders], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("assistant.errors.IndexUnavailable: ")
    assert tiny.version() == before
    assert unfound(tiny.shelf().index()) == 0
    tiny.ingest()
    assert "each year" in " ".join(texts(tiny.shelf().index()))


def test_a_damaged_model_is_built_again(model_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / model_folder.name
    shutil.copytree(model_folder, folder)
    (folder / "tokenizer.model").write_bytes(b"{")
    with pytest.raises(ModelError, match="shyraq ingest"):
        open_model("e5-small", tmp_path)
    ensure_model(folder, print)
    assert len(open_model("e5-small", tmp_path).embed_query("кітап")) == 384
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


# Side by side


def test_two_ingests_at_once_take_turns(tiny: Tiny) -> None:
    tiny.edit(EVENT, "every year", "each year")
    runs = [subprocess.Popen(command(tiny), cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    ends = sorted(run.communicate(timeout=120)[0].splitlines()[-1] for run in runs)
    assert ends[0].startswith("The index is ready") and ends[1].startswith("The index is up to date")
    assert len(versions(tiny)) == 2


def test_an_ingest_waits_for_another_and_says_so(tiny: Tiny) -> None:
    import fcntl

    said: list[str] = []
    with (tiny.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=lambda: said.extend(tiny.ingest()))
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive()
    waiting.join(60)
    assert said[0] == "Another ingest is at work; waiting for it…"
    assert said[-1].startswith("The index is up to date")


INTERRUPTED_WHILE_EMBEDDING = """\
import os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores Ctrl+C
def interrupt():
    while not any(thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate()):
        time.sleep(0.05)
    time.sleep(0.5)  # all texts are in line by then; before it, Ctrl+C may fall into the making of a thread
    print("embedding", flush=True)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
"""


def test_ctrl_c_does_not_wait_for_the_texts_in_line(tiny: Tiny) -> None:
    documents = tiny.knowledge / "documents"
    documents.mkdir()
    rows = (f"{number};Кітапханадағы {number}-сөреде тарих туралы кітаптар тұр" for number in range(9000))
    (documents / "shelves.csv").write_text("\n".join(["N;Сөре", *rows]), encoding="utf-8")
    python, flag, code, *folders = command(tiny)
    started = [python, flag, INTERRUPTED_WHILE_EMBEDDING + code, *folders]
    with subprocess.Popen(started, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        assert run.stdout
        assert run.stdout.readline() == "embedding\n"
        stopped = time.monotonic()
        assert run.wait(120) == -signal.SIGINT
    assert time.monotonic() - stopped < 10
    assert len(versions(tiny)) == 1


# Serving


def test_a_new_version_is_served_without_a_restart(tiny: Tiny) -> None:
    shelf = tiny.shelf()
    old = shelf.index()
    assert shelf.index() is old
    tiny.edit(EVENT, "every year", "each year")
    tiny.ingest()
    assert "The night reading takes place each year." in texts(shelf.index())
    assert unfound(old) == 0, "a question in hand goes on with the version that it began with"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs a list of open files")
def test_a_version_that_nobody_reads_any_more_lets_go_of_its_files(tiny: Tiny) -> None:
    shelf = tiny.shelf()
    for season in ("winter", "spring", "summer"):
        tiny.edit(EVENT, "every year", f"every {season} and every year")
        tiny.ingest()
        served = shelf.index().version
    deadline = time.monotonic() + 20
    while (opened := _opened(tiny.root)) != {served} and time.monotonic() < deadline:
        time.sleep(0.1)  # Chroma closes its database in the background
    assert opened == {served}


def _opened(root: Path) -> set[str]:
    """The versions of which this process has files open."""
    links = []
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            links.append(Path(os.readlink(f"/proc/self/fd/{name}")))
    return {link.relative_to(root).parts[0] for link in links if link.is_relative_to(root)}


def test_questions_go_on_while_versions_change(tiny: Tiny) -> None:
    shelf = tiny.shelf()
    vector = shelf.index().vectors("en")[0].tolist()
    done = threading.Event()

    def keep_asking() -> set[str]:
        seen = set()
        while not done.is_set():
            index = shelf.index()
            assert index.search("en", "Lake Library", vector)
            seen.add(index.version)
        return seen

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(keep_asking) for _ in range(3)]
        try:
            for year in ("each year", "yearly"):
                tiny.edit(EVENT, "every year" if year == "each year" else "each year", year)
                tiny.ingest()
                shelf.index()
        finally:
            done.set()
    assert all(tiny.version() in seen.result() or len(seen.result()) > 1 for seen in asking)


def test_no_index_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable, match=r"there is no index in .*; run `shyraq ingest`"):
        Shelf(tmp_path / "index").index()


def test_an_index_folder_that_is_a_file_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("", encoding="utf-8")
    with pytest.raises(IndexUnavailable, match="cannot be read"):
        Shelf(tmp_path / "index").index()


def _zero_graphs(folder: Path) -> None:
    for path in folder.glob("chroma/*/data_level0.bin"):
        path.write_bytes(bytes(path.stat().st_size))


def _no_graphs(folder: Path) -> None:
    for graph in list(folder.glob("chroma/*/header.bin")):
        shutil.rmtree(graph.parent)


def _empty(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(b"")


def _cut(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:300])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no folder": shutil.rmtree,
    "no chroma": lambda folder: shutil.rmtree(folder / "chroma"),
    "no graphs": _no_graphs,
    "graphs of zeros": _zero_graphs,
    "a cut database": _cut("chroma/chroma.sqlite3"),
    "no passages": _empty("passages.jsonl"),
    "cut passages": _cut("passages.jsonl"),
    "no vectors": _empty("vectors.npy"),
    "no lexical index": _empty("lexical-kk.npz"),
    "a cut lexical index": _cut("lexical-ru.npz"),
    "no knowledge": _empty("knowledge.json"),
    "another manifest": lambda folder: (folder / "manifest.json").write_text("[]"),
    "never finished": lambda folder: (folder / VERIFIED).unlink(),
}


@pytest.fixture(scope="module")
def two_versions(tiny_ingested: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    tiny = copy_tiny(tiny_ingested, tmp_path_factory.mktemp("two"))
    tiny.edit(EVENT, "every year", "each year")
    tiny.ingest()
    return tiny


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_where_the_version_in_force_is_damaged_the_one_before_serves(
    two_versions: Tiny, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    tiny = copy_tiny(two_versions, tmp_path / "tiny")
    older, newer = versions(tiny)
    damage(tiny.root / newer)
    shelf = tiny.shelf()
    assert shelf.index().version == older
    assert unfound(shelf.index()) == 0
    assert shelf.index() is shelf.index(), "it is not opened anew for every question"


@pytest.mark.parametrize("damage", ["graphs of zeros", "no lexical index", "no folder"])
def test_an_ingest_mends_a_damaged_version_and_the_mended_one_serves(
    two_versions: Tiny, tmp_path: Path, damage: str
) -> None:
    tiny = copy_tiny(two_versions, tmp_path / "tiny")
    DAMAGES[damage](tiny.current())
    shelf = tiny.shelf()
    shelf.index()
    tiny.ingest()
    assert shelf.index().version == tiny.version() == versions(tiny)[-1]
    assert unfound(shelf.index()) == 0


def test_a_pointer_of_zeros_is_survived(two_versions: Tiny, tmp_path: Path) -> None:
    """What some file systems leave after a power cut."""
    tiny = copy_tiny(two_versions, tmp_path / "tiny")
    newest = tiny.version()
    (tiny.root / POINTER).write_bytes(b"\0" * 30)
    assert tiny.shelf().index().version == newest
    tiny.ingest()
    assert tiny.shelf().index().version == tiny.version() != newest


def test_where_every_version_is_damaged_it_is_told(two_versions: Tiny, tmp_path: Path) -> None:
    tiny = copy_tiny(two_versions, tmp_path / "tiny")
    for name in versions(tiny):
        (tiny.root / name / "passages.jsonl").unlink()
    with pytest.raises(IndexUnavailable, match=r"no index in .* can be opened; run `shyraq ingest`"):
        tiny.shelf().index()


# A Chroma server


@contextmanager
def chroma_server(folder: Path, port: int) -> Iterator[str]:
    """A real one on loopback; its address."""
    program = Path(sys.executable).with_name("chroma")
    run = subprocess.Popen(
        [program, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port, run)
        yield f"http://127.0.0.1:{port}"
    finally:
        run.kill()
        run.wait()


def _wait_for(port: int, run: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert run.poll() is None, "the Chroma server did not start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_chroma_server_holds_the_vectors_instead(model_folder: Path, tmp_path: Path) -> None:
    port = free_port()
    with chroma_server(tmp_path / "server", port) as url:
        tiny = write_tiny(tmp_path / "tiny", model_folder, chroma_url=url)
        tiny.ingest()
        shelf = tiny.shelf()
        assert unfound(shelf.index()) == 0
        assert not (tiny.current() / "chroma").exists()
        for year in ("every year", "each year", "yearly"):
            tiny.edit(EVENT, year, {"every year": "each year", "each year": "yearly", "yearly": "annually"}[year])
            tiny.ingest()
        kept = {f"{language}-{version}" for language in LANGUAGES for version in versions(tiny)}
        with chroma(tiny.current(), url) as client:
            assert {collection.name for collection in client.list_collections()} == kept
        assert any("annually" in text for text in texts(shelf.index()))
    index = shelf.index()
    with pytest.raises(IndexUnavailable, match="the index does not answer"):
        index.search("en", "book", index.vectors("en")[0].tolist())
    before = tiny.version()
    tiny.edit(EVENT, "annually", "once a year")
    with pytest.raises(IndexUnavailable, match=r"the Chroma server 127\.0\.0\.1 fails"):
        tiny.ingest()
    assert tiny.version() == before
    with pytest.raises(IndexUnavailable):
        tiny.shelf().index()
    gc.collect()  # Chroma's client leaves its sockets to the garbage collector
