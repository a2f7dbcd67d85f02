"""The only file that knows a chat model: text in, text out as it comes, and every failure a LLMFault in time.

Nothing of LangChain is imported until a model is opened.
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from queue import SimpleQueue
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import TYPE_CHECKING, Any, cast

from assistant.breaker import REST_SECONDS, Breaker
from assistant.budget import FILE, Budget
from assistant.errors import LLMFault, SettingsError
from assistant.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

OLLAMA = "http://127.0.0.1:11434/v1"
EXAMPLE = "http://127.0.0.1:8080/v1"
MOST_TOKENS = 1000  # of an answer
LONGEST = 6000  # characters: what no answer needs
WAITING = 8  # callers in line for a free place
IN_LINE = 5.0  # seconds that one of them waits
USAGE = 1.0  # seconds that the count of tokens may come after the end
CHARACTERS = 3  # a token, where a server does not count them
FINISHED = ("finish_reason", "stop_reason", "done_reason")  # as providers call it


@dataclass(frozen=True)
class Patience:
    """Seconds: until the connection stands, the first word comes, the next one, and the last."""

    connect: float = 2.0
    first: float = 15.0
    idle: float = 10.0
    total: float = 60.0


USUAL = Patience()


@dataclass(frozen=True)
class Spoken:
    """What one call took: seconds to the first word and to the last, and tokens in and out."""

    first: float
    seconds: float
    tokens_in: int
    tokens_out: int


class _Loop:
    """An event loop in a thread of its own, from the first call until it is closed: only there can a wait be cut.

    `closing` is awaited last, there: connections belong to the loop that they were opened in.
    """

    def __init__(self, closing: Callable[[], Awaitable[None]]) -> None:
        self._closing, self._lock, self._running = closing, Lock(), Event()
        self._thread: Thread | None = None

    def begin(self, speech: Coroutine[Any, Any, None]) -> "Future[None]":
        """Start a coroutine, from any thread."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=asyncio.run, args=(self._live(),), name="llm", daemon=True)
                self._thread.start()
                self._running.wait()
        return asyncio.run_coroutine_threadsafe(speech, self._loop)

    def close(self) -> None:
        """Cut whatever still runs."""
        with self._lock:
            if self._thread:
                self._loop.call_soon_threadsafe(self._stop.set)
                self._thread.join()
                self._thread = None

    async def _live(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._running.set()
        await self._stop.wait()
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._closing()


async def _nothing() -> None:
    """What closes a model whose library keeps its connections to itself."""


class Chat:
    """A chat model behind a line of bounded length, a breaker and a budget; safe for many threads.

    `closing` lets its connections go.
    """

    def __init__(
        self,
        model: "BaseChatModel",
        name: str,
        budget: Budget,
        breaker: Breaker,
        places: int,
        patience: Patience = USUAL,
        closing: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self.name, self.budget, self.breaker, self.places = name, budget, breaker, places
        self.patience, self._model = patience, model
        self._free, self._turns = places + WAITING, BoundedSemaphore(places)
        self._lock, self._loop = Lock(), _Loop(closing)

    def complete(self, system: str, user: str, *, limit: float | None = None, temperature: float | None = None) -> str:
        """The whole of an answer; raises LLMFault."""
        return "".join(self.stream(system, user, limit=limit, temperature=temperature))

    def stream(
        self,
        system: str,
        user: str,
        told: Callable[[Spoken], None] = lambda _: None,
        *,
        limit: float | None = None,
        temperature: float | None = None,
    ) -> Generator[str, None, None]:
        """An answer as it comes; `told` what it took, however it ended. Raises LLMFault.

        It does so at the latest after `limit` seconds, or those of its patience. Whoever stops reading closes the
        connection.
        """
        with self._place(), self._guarded():
            pieces: SimpleQueue[str | None] = SimpleQueue()
            given: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
            said = self._model.astream([("system", system), ("human", user)], **given)
            speech = cast("AsyncGenerator[AIMessageChunk]", said)  # which it is, so that it can be closed
            prompt = (len(system) + len(user)) // CHARACTERS
            speaking = self._loop.begin(self._speak(speech, prompt, limit, pieces.put, told))
            speaking.add_done_callback(lambda _: pieces.put(None))
            try:
                while (piece := pieces.get()) is not None:
                    yield piece
                speaking.result()
            finally:
                speaking.cancel()

    @property
    def free(self) -> int:
        """How many more may come, those in line included, until one is turned away."""
        return self._free

    def close(self) -> None:
        """Let the model's connections go."""
        self._loop.close()

    @contextmanager
    def _place(self) -> Iterator[None]:
        """A place among those who ask at once, after a wait of IN_LINE at most."""
        if self.budget.is_spent:
            raise LLMFault("budget")
        with self._lock:
            if not self._free:
                raise LLMFault("busy")
            self._free -= 1
        try:
            if not self._turns.acquire(timeout=IN_LINE):
                raise LLMFault("busy")
            try:
                yield
            finally:
                self._turns.release()
        finally:
            with self._lock:
                self._free += 1

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let the breaker know how it went."""
        if not self.breaker.enter():
            raise LLMFault("resting")
        try:
            yield
        except LLMFault as fault:
            self.breaker.fail(fault.rest)
            raise
        except BaseException:  # the reader went away, which says nothing of the model
            self.breaker.leave()
            raise
        self.breaker.succeed()

    async def _speak(
        self,
        chunks: "AsyncGenerator[AIMessageChunk]",
        prompt: int,
        limit: float | None,
        put: Callable[[str], None],
        told: Callable[[Spoken], None],
    ) -> None:
        """Pass on every piece, with a clock for the next one and one for the whole; `prompt`: about how many tokens."""
        began, first, length, used, ended = time.perf_counter(), 0.0, 0, (0, 0), ""
        limit = self.patience.total if limit is None else max(min(limit, self.patience.total), 0.01)
        try:
            async with asyncio.timeout(limit), aclosing(chunks), aclosing(self._in_time(chunks)) as timed:
                async for chunk in timed:
                    text, ended, used = str(chunk.text), _ended(chunk) or ended, _used(chunk) or used
                    first = first or (time.perf_counter() - began if text else 0.0)
                    length += len(text)
                    put(text)
                    if length > LONGEST:
                        raise LLMFault("too_long")
        except TimeoutError:
            raise LLMFault("timeout") from None
        finally:
            if length or any(used):
                used = used if any(used) else (prompt, length // CHARACTERS)
                self.budget.add(*used)
                told(Spoken(first, time.perf_counter() - began, *used))
        if ended.lower() not in ("stop", "end_turn", "eos"):
            raise LLMFault("truncated")
        if not length:
            raise LLMFault("empty")

    async def _in_time(self, chunks: "AsyncIterator[AIMessageChunk]") -> "AsyncGenerator[AIMessageChunk]":
        """The chunks, unless the next word is too long in coming: chunks without one count for nothing."""
        patience, is_over = self.patience.first, False
        while True:
            try:
                async with asyncio.timeout(patience):
                    while not _tells(chunk := await anext(chunks)):
                        pass
            except StopAsyncIteration:
                return
            except TimeoutError:
                if is_over:  # all was said, and the server keeps the line open
                    return
                raise LLMFault("timeout") from None
            except (LLMFault, asyncio.CancelledError):
                raise
            except Exception as error:  # the one boundary: whatever a provider's library raises is the model's fault
                raise _translated(error) from error
            is_over = is_over or bool(_ended(chunk))
            patience = USAGE if is_over else self.patience.idle
            yield chunk


def open_chat(settings: Settings, patience: Patience = USUAL) -> Chat:
    """The chat model of SHYRAQ_LLM; raises SettingsError. Nothing is sent yet."""
    from langchain.chat_models import init_chat_model  # two seconds, of which nothing is due where no model is set

    assert settings.llm
    provider, _, name = settings.llm.partition(":")
    given = _options(provider, settings, patience)
    try:
        model = init_chat_model(name, model_provider=given.pop("provider"), **given)
    except (ImportError, ValueError, TypeError) as error:
        raise SettingsError(f"SHYRAQ_LLM: found {settings.llm!r}, which cannot be opened: {error}") from error
    except Exception as error:  # providers complain of a missing key or a wrong address with errors of their own
        if "URL" in type(error).__name__:  # ours was read already; repeating it could tell a password
            raise SettingsError(
                f"SHYRAQ_LLM_BASE_URL or {provider.upper()}_BASE_URL: no address of a server; expected {EXAMPLE}"
            ) from None
        raise SettingsError(f"SHYRAQ_LLM_API_KEY: {settings.llm!r} cannot be opened with it: {error}") from error
    path = Path(settings.data_dir) / FILE
    budget = Budget(path, settings.llm_daily_tokens, settings.llm_daily_spend, settings.llm_prices)
    client = given.get("http_async_client")
    closing = client.aclose if client else _nothing
    return Chat(model, settings.llm, budget, Breaker(), settings.llm_concurrency, patience, closing)


def _options(provider: str, settings: Settings, patience: Patience) -> dict[str, Any]:
    """What the provider's class is made with; Ollama speaks the OpenAI protocol too."""
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    url = settings.llm_base_url or (OLLAMA if provider == "ollama" else None)
    options: dict[str, Any] = {"provider": provider, "max_retries": 0, "max_tokens": MOST_TOKENS}
    if provider in ("openai", "ollama"):
        from openai import DefaultAsyncHttpxClient, Timeout

        options |= {"provider": "openai", "stream_usage": True, "stream_chunk_timeout": None}
        options |= {"timeout": Timeout(patience.total, connect=patience.connect)}
        # LangChain's own client is shared by all models of a process, and nobody closes it.
        options |= {"http_async_client": DefaultAsyncHttpxClient()}
        key = key or ("none" if url else None)  # servers of one's own ask for none, the client's library does
    return options | {name: value for name, value in (("base_url", url), ("api_key", key)) if value}


def _ended(chunk: "AIMessageChunk") -> str:
    """Why the answer ended, where this chunk says so."""
    return next((str(chunk.response_metadata[name]) for name in FINISHED if chunk.response_metadata.get(name)), "")


def _tells(chunk: "AIMessageChunk") -> bool:
    """Whether a chunk brings a word, the end, or the count of tokens."""
    return bool(chunk.text or _ended(chunk) or chunk.usage_metadata)


def _used(chunk: "AIMessageChunk") -> tuple[int, int] | None:
    usage = chunk.usage_metadata
    return (usage["input_tokens"], usage["output_tokens"]) if usage else None


def _translated(error: Exception) -> LLMFault:
    """A provider's error by its HTTP status or, where it has none, by what its class is called."""
    status = getattr(error, "status_code", None)
    if status in (401, 403):
        return LLMFault("refused_key", REST_SECONDS)
    if status == 429:
        return LLMFault("rate", _retry_after(error) or REST_SECONDS)
    if status == 404:
        return LLMFault("not_found")
    if isinstance(status, int):
        return LLMFault("server", _retry_after(error)) if status >= 500 else LLMFault("rejected")
    name = type(error).__name__
    if "Timeout" in name:
        return LLMFault("timeout")
    # A connection that breaks after the answer has begun is told apart by its cause.
    return LLMFault("connection" if "Connection" in name or "Protocol" in name or "Read" in name else "garbage")


def _retry_after(error: Exception) -> float | None:
    """The seconds that a service asks to be left alone for, told as such or as a date; None where it does not ask."""
    asked = str(getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")).strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", asked):
        return max(float(asked), 1.0)
    try:
        return max((parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds(), 1.0)
    except (ValueError, TypeError):  # no date, or one without its zone
        return None
