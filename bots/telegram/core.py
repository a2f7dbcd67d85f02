"""The core, over its HTTP contract: the only way in which the bot knows anything."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic import ValidationError

from assistant.contract import ChatReply, Conversation
from assistant.errors import CoreAway, CoreRefused
from assistant.knowledge import Language

# A core that listens answers a connection at once; an answer may wait in its line, or for a language model.
TIMEOUT = httpx.Timeout(60, connect=3, pool=None)
PLACES = 16  # questions asked at once: more of them wait here rather than in the core's own line
AGAIN = {408, 425, 429}  # not the patron's fault, like 5xx


@dataclass(frozen=True)
class Begun:
    """The core has begun to answer, in the conversation of this id."""

    conversation: str


class Core:
    """A client of one core; who asks takes one of its places. Raises CoreAway, CoreRefused with the core's words."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False)
        self.places = asyncio.Semaphore(PLACES)

    async def ask(
        self, message: str, conversation: str | None, language: Language | None
    ) -> AsyncIterator[Begun | str | ChatReply]:
        """That it begins, pieces of the answer as they come, then the reply; `language` is the patron's where known."""
        body = {"message": message, "conversation_id": conversation, "language": language}
        headers = {"Accept": "text/event-stream", "Accept-Language": language or "en"}
        with _translated():
            async with self._client.stream("POST", "/api/chat", json=body, headers=headers) as response:
                if response.is_error:
                    await response.aread()
                    _check(response)
                async for event, data in _events(response):
                    if event == "meta":
                        yield Begun(str(data["conversation_id"]))
                    elif event == "delta":
                        yield str(data["text"])
                    elif event == "final":
                        yield ChatReply.model_validate(data)
                        return
                    elif event == "error":
                        raise CoreAway(str(data["error"]["code"]))
        raise CoreAway("the stream ended before the answer did")

    async def conversation(self, conversation: str) -> Conversation | None:
        """What the core holds of a conversation; None where that is nothing."""
        with _translated():
            response = await self._client.get(f"/api/conversations/{conversation}")
            if response.status_code == 404:
                return None
            return Conversation.model_validate(_check(response).json())

    async def forget(self, conversation: str) -> None:
        """Have the core delete a conversation, if it holds it."""
        with _translated():
            response = await self._client.delete(f"/api/conversations/{conversation}")
            if response.status_code != 404:
                _check(response)

    async def rate(self, message: str, rating: Literal[1, -1], comment: str | None, language: Language) -> None:
        """Rate an answer."""
        body = {"message_id": message, "rating": rating, "comment": comment}
        with _translated():
            _check(await self._client.post("/api/feedback", json=body, headers={"Accept-Language": language}))

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


@contextmanager
def _translated() -> Iterator[None]:
    """The one boundary between the network's errors and ours."""
    try:
        yield
    except httpx.HTTPError as error:
        raise CoreAway(f"the core does not answer ({type(error).__name__})") from error
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise CoreAway("what answers is not a Shyraq core") from error


def _check(response: httpx.Response) -> httpx.Response:
    """The response, where it is none of a fault."""
    status = response.status_code
    if status >= 500 or status in AGAIN:
        raise CoreAway(f"the core answers {status}", _seconds(response.headers.get("Retry-After")))
    if not response.is_success:
        fault = response.json()["error"]
        raise CoreRefused(fault["code"], fault["message"])
    return response


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isascii() and header.isdigit() else None


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Name and data of each server-sent event."""
    name, data = "message", ""
    async for line in response.aiter_lines():
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data += line[5:]
        elif not line and data:
            yield name, json.loads(data)
            name, data = "message", ""
