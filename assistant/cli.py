"""The command line: `shyraq serve | ask | ingest | check | eval | telegram`."""

import asyncio
import ctypes
import gc
import os
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from assistant.contract import ChatReply, ChatRequest
from assistant.courtesy import Courtesies
from assistant.errors import KnowledgeError, RequestError, SettingsError, ShyraqError, StoreError
from assistant.faults import complaint, known
from assistant.instructions import Instructions
from assistant.knowledge import LANGUAGES, load
from assistant.pages import PAGE_WORDS, WIDGET, WIDGET_WORDS, page_phrases
from assistant.phrases import FILE, TELEGRAM, Phrases, Placeholders
from assistant.settings import PREFIX, Settings, read_settings, shipped

if TYPE_CHECKING:
    import uvicorn

T = TypeVar("T")
Through = Literal["core", "api", "widget", "telegram"]
Tongue = Literal["kk", "ru", "en"]
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # the numbers of these options in malloc.h
LARGE = 1 << 20  # bytes
POLL_SECONDS = 0.02
GRACE_SECONDS = 30  # for questions in hand once the server is told to stop

app = typer.Typer(
    help="Shyraq, the AI librarian of Kazakhstan's libraries.", no_args_is_help=True, pretty_exceptions_enable=False
)
console = Console(stderr=True)


def main() -> None:
    """The entry point: an error that a person can act on is one clear line, and exit code 2."""
    try:
        app()
    except RequestError as error:
        _fail(Phrases.load(shipped("prompts")).say(error.code, "en"))
    except ShyraqError as error:
        _fail(str(error))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, in place of SHYRAQ_HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port, in place of SHYRAQ_PORT.")] = None,
) -> None:
    """Serve the API and the page with the chat; builds the index first where there is none."""
    # One product of a vector and a matrix gains nothing by threads, which spin: 27 answers/s with them, 36 without.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported
    gc.disable()  # until all is open: nothing is garbage before, and looking for it takes 0.3 s of 4
    given = {"host": host, "port": port}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    listening = _reserve(settings.host, settings.port)
    from assistant.index import current_version  # Chroma: over a second to import, and of no use to other commands

    if current_version(settings.data_dir / "index") is None:
        gc.enable()
        _ingest(settings)
    _limit_heaps()
    _run(settings, listening)


def _limit_heaps() -> None:
    """Let all threads share two heaps, and give large blocks back at once (glibc; others have none to limit).

    With a heap for each thread 25 MB of 510 lie idle, and 25 more where freed blocks raise what counts as large.
    """
    limit = getattr(ctypes.CDLL(None), "mallopt", None)
    if limit:
        limit(M_ARENA_MAX, 2)
        limit(M_MMAP_THRESHOLD, LARGE)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="In Kazakh, Russian or English.")],
    language: Annotated[
        str | None, typer.Option(help="kk, ru or en: where the question does not show its own.")
    ] = None,
    conversation: Annotated[str | None, typer.Option(help="Go on with the conversation of this id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's reply.")] = False,
) -> None:
    """Ask a question; the answer is kept as a conversation, as over HTTP."""
    request = _request(question, language, conversation)
    reply = _reply(read_settings(), request)
    typer.echo(reply.model_dump_json() if as_json else _readable(reply))


@app.command()
def ingest() -> None:
    """Build the search index from the knowledge, and switch it in."""
    _ingest(read_settings())


@app.command()
def check() -> None:
    """Check what librarians edit, knowledge and prompts; one line a problem, and exit code 1 where there are any."""
    from assistant.dialogue import Dialogue  # Chroma: over a second to import
    from bots.telegram.words import WORDS  # the Telegram library

    settings = read_settings()
    knowledge = _checked(lambda: load(settings.knowledge_dir))
    prompts = shipped("prompts")
    files: dict[str, Placeholders] = {FILE: {}, WIDGET_WORDS: WIDGET, PAGE_WORDS: page_phrases(), TELEGRAM: WORDS}
    phrases = [_checked(partial(Phrases.load, prompts, file, needed)) for file, needed in files.items()]
    dialogue, courtesies = _checked(lambda: Dialogue.load(prompts)), _checked(lambda: Courtesies.load(prompts))
    instructions = _checked(lambda: Instructions.load(prompts))
    if not (knowledge and all(phrases) and dialogue and courtesies and instructions):
        raise typer.Exit(1)
    aspects = sum(len(entry.aspects) for entry in knowledge.entries)
    count = sum(len(list(said)) for said in phrases if said)
    typer.echo(f"All is well: {len(knowledge.entries)} entries, {aspects} aspects, {count} phrases.")


@app.command()
def telegram() -> None:
    """Run the Telegram bot; it talks to the service at SHYRAQ_CORE_URL."""
    settings = read_settings()
    port = settings.telegram_webhook_port
    other = f"{PREFIX}TELEGRAM_WEBHOOK_PORT"
    listening = _reserve(settings.host, port, other) if settings.telegram_webhook_url else None
    from assistant.log import configure_log
    from bots.telegram.service import run  # the Telegram library: of no use to other commands

    configure_log()
    try:
        run(settings, listening)
    except StoreError as error:  # a lock or a full disk passes: whatever watches over the bot starts it again
        _fail(str(error), 1)


@app.command("eval")
def evaluate(
    suites: Annotated[
        list[str] | None,
        typer.Argument(help="Suites or files, all shipped ones but heldout by default; or: retrieval, language."),
    ] = None,
    variants: Annotated[bool, typer.Option(help="Ask every answerable question typed in other ways too.")] = True,
    through: Annotated[
        Through, typer.Option(help="Ask in this process, or the service at SHYRAQ_CORE_URL, by HTTP, widget or bot.")
    ] = "core",
    baseline: Annotated[
        Path | None, typer.Option(help="A stored run; exit code 1 where anything fell beyond noise.")
    ] = None,
    language: Annotated[Tongue | None, typer.Option(help="Of the report.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    passages: Annotated[Path | None, typer.Option(help='retrieval: rows {"pid", "text", "title"?} (JSONL).')] = None,
    questions: Annotated[
        Path | None, typer.Option(help='retrieval: rows {"id", "question", "positive": [pid…], "lang"?} (JSONL).')
    ] = None,
    file: Annotated[Path | None, typer.Option(help='language: rows {"text", "lang"} (JSONL).')] = None,
) -> None:
    """Ask the questions of suites, score the answers, and write a report; or measure retrieval or language alone."""
    settings = read_settings()
    from evals.command import Options, run_language, run_retrieval, run_suites  # Chroma: over a second to import

    if suites == ["retrieval"]:
        given = _given(passages, "--passages P.jsonl"), _given(questions, "--questions Q.jsonl")
        run_retrieval(*given, settings, console, as_json=as_json)
    elif suites == ["language"]:
        run_language(_given(file, "--file F.jsonl"), console, as_json=as_json)
    else:
        options = Options(variants, through, baseline, language, as_json)
        try:
            held = run_suites(suites or [], options, settings, console)
        except KeyboardInterrupt:
            _fail("stopped; nothing of this run is kept", 130)
        if not held:
            raise typer.Exit(1)


def _given(path: Path | None, option: str) -> Path:
    if path is None:
        raise SettingsError(f"a file is missing; expected {option}")
    return path


def _checked(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except KnowledgeError as error:
        typer.echo(str(error))
        return None


def _ingest(settings: Settings) -> None:
    from ingest.build import ingest as build  # reads PDFs and Word files: heavy, and of no use to other commands

    typer.echo(f"The index {build(settings, typer.echo)} is in force.", err=True)


def _reserve(host: str, port: int, other: str = "--port") -> socket.socket:
    """Take the port before anything slow begins; nothing is accepted on it until the server starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise SettingsError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with {other}"
        ) from error
    return taken


def _run(settings: Settings, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is in hand."""
    import uvicorn

    from assistant.app import create_app
    from assistant.log import configure_log

    with console.status("Opening Shyraq…") as progress:
        configure_log()
        config = uvicorn.Config(
            create_app(settings),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as loop:
            loop.run(_serve(uvicorn.Server(config), listening, progress.stop))


async def _serve(server: "uvicorn.Server", listening: socket.socket, opened: Callable[[], None]) -> None:
    """Serve, and say where once questions are taken."""
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not (server.started or serving.done()):
        await asyncio.sleep(POLL_SECONDS)
    opened()
    host, port = listening.getsockname()[:2]
    typer.echo(f"Shyraq serves on http://{f'[{host}]' if ':' in host else host}:{port} (Ctrl+C stops it)", err=True)
    await serving


def _request(question: str, language: str | None, conversation: str | None) -> ChatRequest:
    """The same request that HTTP takes, refused with the same words."""
    if language not in (*LANGUAGES, None):
        raise typer.BadParameter("expected kk, ru or en", param_hint="--language")
    given: dict[str, Any] = {"message": question, "conversation_id": conversation, "language": language}
    try:
        return ChatRequest.model_validate(given)
    except ValidationError as error:
        code, _, values = complaint(dict(error.errors()[0]))
        _fail(Phrases.load(shipped("prompts")).say(code, known(language) or "en", **values))


def _reply(settings: Settings, request: ChatRequest) -> ChatReply:
    with console.status("Opening the model…"):
        from assistant.conversation import converse
        from assistant.core import open_core
        from assistant.opened import Opened
        from assistant.store import Store

        with closing(open_core(settings)) as core:
            return converse(request, core.answer, Opened(lambda: Store(settings.database_url)))


def _readable(reply: ChatReply) -> str:
    """The answer, its sources and what to ask next, for a terminal."""
    sources = [f"[{citation.n}] {citation.title} — {citation.source}" for citation in reply.citations]
    suggestions = [f"→ {suggestion}" for suggestion in reply.suggestions]
    return "\n".join([reply.answer, *([""] if sources else []), *sources, *([""] if suggestions else []), *suggestions])


def _fail(message: str, code: int = 2) -> NoReturn:
    typer.echo(f"shyraq: {message}", err=True)
    sys.exit(code)
