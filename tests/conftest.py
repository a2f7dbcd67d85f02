"""What tests share: a core that answers at once, and a real server on a real socket."""

import http.server
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

from assistant.app import create_app
from assistant.ask import Librarian, open_librarian
from assistant.contract import Ready
from assistant.core import Core
from assistant.embedding import GRAPH, MODEL_FOLDER
from assistant.knowledge import Language
from assistant.schema import Citation, Focus, Reply, Turn
from assistant.settings import ROOT, Settings, read_settings
from ingest.build import ingest
from ingest.model import ensure_model
from tests.tiny import Tiny, copy_tiny, write_tiny

Serve = Callable[..., AbstractContextManager[httpx.Client]]

ANSWER = (
    "Қостанай облыстық кітапханасы өлке тарихымен танымал [1]. Оның **қоры** шағын, бірақ жинақы [2].\n\n"
    "- бірінші жол\n- екінші жол [1]\n\nЁлка — ағаш."
)


def stand_in(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
    """Answers like the real core, in shape: tells how many turns it was given."""
    quote = "Өлкетану – негізгі бағыт."
    citations = tuple(
        Citation(n=n, id=f"kostanay#{n}", title="Қостанай", source="DosAI", url=None, quote=quote) for n in (1, 2)
    )
    reply = Reply(
        language=language or "kk",
        status="answered",
        answer=f"{ANSWER} ({len(history)})",
        citations=citations,
        suggestions=("Ал Қарағанды ше?",),
    )
    return Turn(message=message, reply=reply, focus=Focus(question=message, entities=("kostanay",), years=(2015,)))


def condition() -> Ready:
    """An index that is open."""
    return Ready(index="test-1", passages={"kk": 3, "ru": 3, "en": 3})


@contextmanager
def speaking(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server that is no Shyraq."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def running(settings: Settings, core: Callable[[], Core], port: int = 0) -> Iterator[httpx.Client]:
    """The app behind uvicorn on a port of 127.0.0.1, any free one by default; a client of it."""
    config = uvicorn.Config(create_app(settings, core), port=port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Starts servers of a test's own: `with serve(answer=…, core=…, allowed_origins=…) as client`."""

    def start(
        *, answer: Callable[..., Turn] = stand_in, core: Callable[[], Core] | None = None, **given: object
    ) -> AbstractContextManager[httpx.Client]:
        settings = read_settings(_env_file=None, **{"data_dir": tmp_path, **given})
        return running(settings, core or (lambda: Core(answer, condition)))

    return start


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One server for all tests that leave it as it was."""
    settings = read_settings(
        _env_file=None, data_dir=tmp_path_factory.mktemp("data"), allowed_origins="https://kitap.example"
    )
    with running(settings, lambda: Core(stand_in, condition)) as started:
        yield started


@pytest.fixture(scope="session")
def index_dir() -> Path:
    """The checkout's own data folder, its index brought up to date: only what changed is embedded."""
    settings = read_settings(_env_file=None, data_dir=ROOT / "data", knowledge_dir=ROOT / "knowledge")
    ingest(settings, print)
    return settings.data_dir


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedding model: the checkout's own where it has one, else built once for all tests."""
    folder = ROOT / "data" / "models" / MODEL_FOLDER
    if not (folder / GRAPH).exists():
        folder = tmp_path_factory.mktemp("models") / MODEL_FOLDER
    ensure_model(folder, print)
    return folder


@pytest.fixture(scope="session")
def tiny_ingested(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A small Shyraq with its index, to be left as it is."""
    tiny = write_tiny(tmp_path_factory.mktemp("tiny"), model_folder)
    tiny.ingest()
    return tiny


@pytest.fixture
def tiny(tiny_ingested: Tiny, tmp_path: Path) -> Tiny:
    """A small Shyraq of a test's own, its index up to date."""
    return copy_tiny(tiny_ingested, tmp_path / "tiny")


@pytest.fixture(scope="session")
def librarian(index_dir: Path) -> Librarian:
    """The real one, with the shipped knowledge."""
    return open_librarian(read_settings(_env_file=None, data_dir=index_dir, knowledge_dir=ROOT / "knowledge"))


@pytest.fixture(scope="module")  # while it is open, Playwright keeps a loop running, and asyncio.run() cannot be used
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("Chromium is not installed")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()
