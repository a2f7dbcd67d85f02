"""Ways to put a case's turns to the assistant: straight to the core, or over HTTP."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from assistant.ask import Librarian, ask
from assistant.errors import SettingsError
from assistant.schema import Reply, Turn
from evals.cases import Case

SECONDS = 60.0  # that a reply may take
BUSY = {429, 503}  # the service asks to come again
TRIES = 5
START = "start `shyraq serve` there, or let SHYRAQ_CORE_URL name where it is"

Channel = Callable[[Case], tuple[Reply, float]]  # the reply to the last turn, and the milliseconds it took


def through_core(librarian: Librarian) -> Channel:
    """Every case a conversation of its own, in this process."""

    def put(case: Case) -> tuple[Reply, float]:
        history: list[Turn] = []
        for message in case.turns:
            began = time.perf_counter()
            history.append(ask(message, language=None, history=history, librarian=librarian))
        return history[-1].reply, 1000 * (time.perf_counter() - began)

    return put


def through_api(client: httpx.Client) -> Channel:
    """The same over HTTP; raises SettingsError where no Shyraq answers at the client's address."""

    def put(case: Case) -> tuple[Reply, float]:
        conversation = None
        for message in case.turns:
            began = time.perf_counter()
            reply = _posted(client, {"message": message, "conversation_id": conversation})
            conversation = reply["conversation_id"]
        return Reply.model_validate(reply), 1000 * (time.perf_counter() - began)

    return put


def _posted(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    try:
        for again in range(1, TRIES + 1):
            response = client.post("/api/chat", json=body, timeout=SECONDS)
            if response.status_code not in BUSY or again == TRIES:
                break
            time.sleep(float(response.headers.get("Retry-After", again)))
        found: dict[str, Any] = response.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise nobody(client, error) from error
    return found


def nobody(client: httpx.Client, error: Exception) -> SettingsError:
    """That no Shyraq answers at a client's address, and what to do."""
    return SettingsError(f"no Shyraq answers at {client.base_url} ({error}); {START}")
