"""Shyraq as a model of the OpenAI API (chat completions), so that any client or chat page of that kind can ask it.

What a caller says in the names of others (system, assistant, tool) is left aside: Shyraq has its own instructions, and
thinks the conversation over from the patron's messages. Nothing of it is kept.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from starlette.responses import Response, StreamingResponse

from assistant.contract import MESSAGE_LIMIT, ChatRequest, FaultReply
from assistant.conversation import TURNS
from assistant.core import Core
from assistant.errors import RequestError
from assistant.faults import Faults, blame, language_of
from assistant.knowledge import Language
from assistant.opened import Opened
from assistant.schema import Citation, Reply, Status, Turn
from assistant.stream import Ear, pieces
from assistant.workers import Workers

PATH = "/v1/chat/completions"
BODY_LIMIT = 1024 * 1024  # bytes: clients send the whole conversation with every question
MODEL = "shyraq"
AI_LABEL = {"X-AI-Generated": "true"}
DONE = b"data: [DONE]\n\n"
MOST_MESSAGES = 1000


def _text(content: Any) -> Any:
    """A message's text; of one in parts, those that are text."""
    if not isinstance(content, list):
        return "" if content is None else content
    if not all(isinstance(part, dict) for part in content):
        raise PydanticCustomError("content", "neither text nor parts")
    return "\n".join(str(part.get("text", "")) for part in content if part.get("type") in ("text", "input_text"))


class Said(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(frozen=True)

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, BeforeValidator(_text)] = ""


class CompletionRequest(BaseModel):
    """A conversation, its last message the patron's question. Other fields of the OpenAI API are ignored."""

    model_config = ConfigDict(frozen=True)

    model: str = Field(MODEL, description="Any name: there is one model here, shyraq.")
    messages: tuple[Said, ...] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool = False


class Told(BaseModel):
    """What Shyraq knows of its answer beside the text."""

    language: Language
    status: Status
    citations: tuple[Citation, ...]
    suggestions: tuple[str, ...]


class Answered(BaseModel):
    """The answer as a message."""

    role: Literal["assistant"] = "assistant"
    content: str = Field(description="Markdown; each factual sentence ends with its [n], and the sources follow.")


class Choice(BaseModel):
    """The one choice."""

    index: int = 0
    message: Answered
    finish_reason: Literal["stop"] = "stop"


class Completion(BaseModel):
    """The reply of the OpenAI API, and in `shyraq` the citations with their quotes."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: tuple[Choice, ...]
    shyraq: Told


class Model(BaseModel):
    """A model that can be asked."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class Models(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: tuple[Model, ...] = (Model(),)


def add_completions(app: FastAPI, core: Opened[Core], workers: Workers, faults: Faults) -> None:
    """The routes of the OpenAI API."""
    responses: dict[int | str, dict[str, Any]] = {
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        400: {"model": FaultReply, "description": "The body is not JSON."},
        422: {"model": FaultReply, "description": "The body is not what is expected."},
    }

    @app.get("/v1/models")
    async def list_models() -> Models:
        """The models of the OpenAI API: Shyraq alone."""
        return Models()

    @app.get("/v1/models/{model}", responses={404: {"model": FaultReply, "description": "There is no such model."}})
    async def read_model(model: str) -> Model:
        """The one that there is."""
        if model != MODEL:
            raise RequestError("no_route", 404)
        return Model()

    @app.post(PATH, response_model=Completion, responses=responses)
    async def complete(request: Request, asked: CompletionRequest) -> Response:
        """Answer as /api/chat does, to clients of the OpenAI API; with `stream` as its chunks."""
        language = language_of(request.headers)
        request.state.language = language
        questions = _questions(asked)
        ear = Ear() if asked.stream else None
        work = workers.start(partial(_answer, questions, core, ear))
        work.add_done_callback(partial(_tell, request.state.told))
        if ear is None:
            return Response(_completion(await work), headers=AI_LABEL, media_type="application/json")
        await ear.begun(work)
        told = _stream(work, ear, lambda error: faults.body(blame(error)[0], language))
        return StreamingResponse(told, headers={**AI_LABEL, "X-Accel-Buffering": "no"}, media_type="text/event-stream")


def _questions(asked: CompletionRequest) -> list[str]:
    """The patron's messages, the question last; raises RequestError where that is none."""
    last = asked.messages[-1]
    if last.role != "user":
        raise RequestError("message_last", 422)
    said = [message.content.strip() for message in asked.messages if message.role == "user"]
    try:
        ChatRequest.model_validate({"message": said[-1]})
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error
    return [*[text for text in said[:-1] if 0 < len(text) <= MESSAGE_LIMIT][-TURNS:], said[-1]]


def _answer(questions: Sequence[str], core: Opened[Core], ear: Ear | None) -> Reply:
    """The reply to the last question, those before it thought over anew: that takes milliseconds each."""
    part = core()
    recall, history = part.recall or part.answer, list[Turn]()
    for question in questions[:-1]:
        history.append(recall(question, None, history))
    answer = partial(part.live, ear.tell) if part.live and ear else part.answer
    return answer(questions[-1], None, history).reply


def _tell(told: dict[str, object], work: "asyncio.Future[Reply]") -> None:
    if not work.cancelled() and not work.exception():
        told["language"], told["outcome"] = work.result().language, work.result().status


def _sources(reply: Reply) -> str:
    """The list that [1], [2] … stand for, as such clients show nothing but the text."""
    lines = (f"[{c.n}] {c.title} — {c.source}{f' — {c.url}' if c.url else ''}" for c in reply.citations)
    return "".join(f"\n\n{line}" if place == 0 else f"  \n{line}" for place, line in enumerate(lines))


def _told(reply: Reply) -> Told:
    return Told(**reply.model_dump(include=set(Told.model_fields)))


def _completion(reply: Reply) -> str:
    message = Answered(content=reply.answer + _sources(reply))
    choices = (Choice(message=message),)
    return Completion(id=_new_id(), created=int(time.time()), choices=choices, shyraq=_told(reply)).model_dump_json()


def _new_id() -> str:
    return f"chatcmpl-{secrets.token_hex(12)}"


async def _stream(work: "asyncio.Future[Reply]", ear: Ear, fault: Any) -> AsyncIterator[bytes]:
    """The chunks of an answer that is still being made."""
    key = {"id": _new_id(), "object": "chat.completion.chunk", "created": int(time.time()), "model": MODEL}
    yield _chunk(key, {"role": "assistant", "content": ""})
    begun = ""
    async for heard in ear.words(work):
        if heard is None:
            yield b": ping\n\n"
            continue
        begun += heard.text
        yield _chunk(key, {"content": heard.text})
    try:
        reply = work.result()
    except Exception as error:  # the status line is gone: all that is left is to say so in the stream
        yield f"data: {fault(error)}\n\n".encode()
        return
    for piece in pieces(reply.answer[len(begun) :] + _sources(reply)):
        yield _chunk(key, {"content": piece})
    yield _chunk(key, {}, "stop", shyraq=_told(reply).model_dump())
    yield DONE


def _chunk(key: dict[str, Any], delta: dict[str, str], finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({**key, 'choices': [choice], **more}, ensure_ascii=False)}\n\n".encode()
