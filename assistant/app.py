"""The HTTP API: routes, layers, and what opens and closes with them."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response, StreamingResponse

from assistant.body import BodyLimit
from assistant.completions import BODY_LIMIT, PATH, add_completions
from assistant.contract import (
    ChatReply,
    ChatRequest,
    Conversation,
    FaultReply,
    Feedback,
    FeedbackRequest,
    Health,
    Ready,
)
from assistant.conversation import Ids, converse, new_ids
from assistant.core import Core, open_core
from assistant.errors import NotFound, ShyraqError
from assistant.faults import Faults, blame, language_of
from assistant.headers import BrowserHeaders
from assistant.llm import WAITING
from assistant.opened import Opened
from assistant.pages import add_pages
from assistant.phrases import Phrases
from assistant.settings import Settings, shipped
from assistant.store import Store
from assistant.stream import Ear, stream
from assistant.trace import Trace
from assistant.workers import THREADS, Workers

AI_LABEL = {"X-AI-Generated": "true", "Vary": "Accept"}
EVENTS = "text/event-stream"

logger = logging.getLogger(__name__)

Responses = dict[int | str, dict[str, Any]]
ConversationId = Annotated[str, Path(description="From a chat reply.")]


def create_app(settings: Settings, core: Callable[[], Core] | None = None) -> FastAPI:
    """The API over these settings; `core` takes the place of the real one. Raises KnowledgeError for wrong phrases.

    Opening happens at start. What cannot be opened then is tried again later, and is answered with 503 until then.
    """
    faults = Faults(Phrases.load(shipped("prompts")))
    opened_core = Opened(core or partial(open_core, settings))
    opened_store = Opened(partial(Store, settings.database_url))
    workers = Workers(THREADS + (settings.llm_concurrency + WAITING if settings.llm else 0))

    app = FastAPI(
        title="Shyraq",
        version=_version(),
        description="The AI librarian of Kazakhstan's libraries: cited answers in Kazakh, Russian and English.",
        lifespan=partial(_lifespan, opened_core, opened_store, workers),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_faults_of(500, 503, 413),
        middleware=[
            Middleware(BrowserHeaders, allowed=frozenset(settings.allowed_origins)),
            Middleware(Trace, faults=faults),
            Middleware(BodyLimit, faults=faults, limits={PATH: BODY_LIMIT}),
        ],
        exception_handlers={
            ShyraqError: faults.on_ours,
            RequestValidationError: faults.on_invalid,
            HTTPException: faults.on_http,
        },
    )
    _add_chat(app, opened_core, opened_store, workers, faults)
    add_completions(app, opened_core, workers, faults)
    _add_conversations(app, opened_store)
    _add_condition(app, opened_core)
    add_pages(app, settings)
    return app


def _add_chat(app: FastAPI, core: Opened[Core], store: Opened[Store], workers: Workers, faults: Faults) -> None:
    def reply_to(message: ChatRequest, ids: Ids, ear: Ear | None) -> ChatReply:
        live = core().live
        answer = partial(live, ear.tell) if live and ear else core().answer
        return converse(message, answer, store, ids)

    streamed = {EVENTS: {"schema": {"type": "string"}}}

    @app.post(
        "/api/chat",
        response_model=ChatReply,
        responses={200: {"content": streamed}, **_faults_of(400, 404, 422)},
    )
    async def chat(request: Request, message: ChatRequest) -> Response:
        """Answer a message: as JSON, or with `Accept: text/event-stream` as events.

        `meta` has the ids, language and status; the `text`s of the `delta`s join to the answer; `final` is the JSON
        reply; `error` takes the place of these where answering fails after the stream began.
        """
        language = message.language or language_of(request.headers)
        request.state.language = language
        ids, ear = new_ids(message), Ear() if EVENTS in request.headers.get("accept", "") else None
        work = workers.start(partial(reply_to, message, ids, ear))
        work.add_done_callback(partial(_tell, request.state.told))
        if ear is None:
            return Response((await work).model_dump_json(), headers=AI_LABEL, media_type="application/json")
        await ear.begun(work)
        told = stream(work, ear, ids, lambda error: faults.body(blame(error)[0], language))
        return StreamingResponse(told, headers={**AI_LABEL, "X-Accel-Buffering": "no"}, media_type=EVENTS)


def _tell(told: dict[str, object], work: "asyncio.Future[ChatReply]") -> None:
    """What the log may know of a reply."""
    if not work.cancelled() and not work.exception():
        told["language"], told["outcome"] = work.result().language, work.result().status


def _add_conversations(app: FastAPI, store: Opened[Store]) -> None:
    @app.get("/api/conversations/{conversation_id}", responses=_faults_of(404))
    def read_conversation(conversation_id: ConversationId, response: Response) -> Conversation:
        """A conversation's messages, oldest first, for a page that reloads."""
        response.headers.update(AI_LABEL)
        return store().conversation(conversation_id)

    @app.delete("/api/conversations/{conversation_id}", status_code=204, responses=_faults_of(404))
    def delete_conversation(conversation_id: ConversationId) -> None:
        """Delete everything held of a conversation, feedback included."""
        if not store().forget(conversation_id):
            raise NotFound

    @app.post("/api/feedback", responses=_faults_of(400, 404, 422))
    def give_feedback(given: FeedbackRequest) -> Feedback:
        """Rate an answer; a later rating of the same message takes the place of the earlier one."""
        store().rate(given.message_id, given.rating, given.comment)
        return Feedback(message_id=given.message_id, rating=given.rating, comment=given.comment)


def _add_condition(app: FastAPI, core: Opened[Core]) -> None:
    @app.get("/api/health")
    async def health() -> Health:
        """The process is up."""
        return Health()

    @app.get("/api/ready", response_model_exclude_none=True)
    def ready() -> Ready:
        """Questions can be answered: the index in force and its passages a language; 503 where there is none."""
        return core().ready()


@asynccontextmanager
async def _lifespan(core: Opened[Core], store: Opened[Store], workers: Workers, _: FastAPI) -> AsyncIterator[None]:
    """Open both parts side by side; at the end finish what is in hand, then close."""
    await asyncio.gather(run_in_threadpool(_open, core), run_in_threadpool(_open, store))
    gc.enable()  # off since the command line began
    yield
    workers.close()
    if core.part:
        core.part.close()
    if store.part:
        store.part.close()


def _open(part: Opened[Any]) -> None:
    try:
        part()
    except ShyraqError as error:
        logger.error("starting without: %s", error)


def _faults_of(*statuses: int) -> Responses:
    """The faults of a route, for OpenAPI."""
    what = {
        400: "The body is not JSON.",
        404: "There is no such conversation or message.",
        413: "The body is larger than 64 KiB, or 1 MiB for chat completions.",
        422: "The body is not what is expected.",
        500: "A fault of ours.",
        503: "There is no index or no database, or too many questions wait (see Retry-After).",
    }
    return {status: {"model": FaultReply, "description": what[status]} for status in statuses}


def _version() -> str:
    try:
        return version("shyraq")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
