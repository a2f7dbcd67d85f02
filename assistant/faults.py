"""Whatever goes wrong → `{"error": {"code", "message"}}` in the patron's language, never with what was sent."""

import logging
import re
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from assistant.clean import clean
from assistant.contract import MESSAGE_LIMIT, Fault, FaultReply
from assistant.errors import RequestError, ShyraqError
from assistant.knowledge import LANGUAGES, Language
from assistant.phrases import Phrases

OFFER = re.compile(r"(?:^|,)\s*(kk|ru|en)(?:-[^,;]*)?\s*(?:;\s*q=([01](?:\.\d{1,3})?)\s*)?(?=,|$)", re.ASCII)
RETRY_SECONDS = 2

logger = logging.getLogger(__name__)


def known(language: object) -> Language | None:
    """`language` if it is one of ours."""
    return next((ours for ours in LANGUAGES if ours == language), None)


def accepted(header: str) -> Language:
    """The best of our languages in an Accept-Language header; English where it names none of them."""
    offers = [(float(quality or 1), language) for language, quality in OFFER.findall(header.lower())]
    best, language = max(offers, key=lambda offer: offer[0], default=(1.0, "en"))
    return (known(language) if best > 0 else None) or "en"


def language_of(headers: Headers, body: object = None) -> Language:
    """The patron's language as far as a request shows it: its `language` field, its message, or Accept-Language."""
    asked = (known(body.get("language")) or _spoken(body.get("message"))) if isinstance(body, dict) else None
    return asked or accepted(headers.get("accept-language", ""))


def _spoken(message: object) -> Language | None:
    """The language that the beginning of a message is clearly in."""
    if not isinstance(message, str):
        return None
    from assistant.language import CLEARLY, Identifier  # numpy: a sixth of a second, of no use where nothing is served

    told = Identifier.load().identify(clean(message[:MESSAGE_LIMIT]))
    return told.language if told.confidence >= CLEARLY else None


def complaint(fault: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
    """Code, HTTP status and placeholders for one fault that pydantic found in a request."""
    if fault["type"] == "json_invalid":
        return "bad_json", 400, {}
    if fault["type"] == "message_empty":
        return "message_empty", 422, {}
    if fault["type"] == "message_too_long":
        return "message_too_long", 422, {"limit": MESSAGE_LIMIT}
    # The path within a request holds names of our own fields only, whatever was sent.
    path = [str(step) for step in fault["loc"] if step != "body"]
    return "bad_request", 422, {"field": path[0] if path else "body"}


class Faults:
    """The replies to what goes wrong, from the phrases of prompts/."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    def body(self, code: str, language: Language, **values: object) -> str:
        """The JSON of a fault; `code` names the phrase."""
        message = self._phrases.say(code, language, **values)
        return FaultReply(error=Fault(code=code, message=message)).model_dump_json()

    def reply(
        self, code: str, status: int, language: Language, headers: dict[str, str] | None = None, **values: object
    ) -> Response:
        """The response to a fault."""
        headers = {"Content-Language": language, **(headers or {})}
        if code == "busy":
            headers["Retry-After"] = str(RETRY_SECONDS)
        return Response(self.body(code, language, **values), status, headers, "application/json")

    async def on_ours(self, request: Request, error: Exception) -> Response:
        """A ShyraqError: what the patron can mend as such, all else as "cannot answer now", told to the operator."""
        language = request.scope.get("state", {}).get("language") or language_of(request.headers)
        return self.reply(*blame(error), language)

    async def on_invalid(self, request: Request, error: Exception) -> Response:
        """A body that is not what the contract asks for."""
        assert isinstance(error, RequestValidationError)
        code, status, values = complaint(error.errors()[0])
        return self.reply(code, status, language_of(request.headers, error.body), **values)

    async def on_http(self, request: Request, error: Exception) -> Response:
        """What the framework refuses by itself: unknown address or method, a body that cannot be decoded."""
        assert isinstance(error, HTTPException)
        code = {404: "no_route", 405: "bad_method"}.get(error.status_code, "bad_json")
        headers = {"Allow": _methods(request)} if error.status_code == 405 else None
        return self.reply(code, error.status_code, language_of(request.headers), headers)


def _methods(request: Request) -> str:
    """Every method of an address; the framework names those of its first route only."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in routes for method in getattr(route, "methods", None) or ()}))


def blame(error: Exception) -> tuple[str, int]:
    """Code and HTTP status of an error; what a patron cannot mend is logged."""
    if isinstance(error, RequestError):
        return error.code, error.status
    if isinstance(error, ShyraqError):
        logger.warning("%s: %s", type(error).__name__, error)
        return "unavailable", 503
    logger.error("unforeseen", exc_info=error)
    return "internal", 500
