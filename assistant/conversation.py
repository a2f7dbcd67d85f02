"""One turn of a conversation: recall what was said, answer, remember."""

import logging
import time
from collections.abc import Callable, Sequence

from assistant.contract import ChatReply, ChatRequest
from assistant.errors import NotFound, StoreError
from assistant.knowledge import Language
from assistant.schema import Turn
from assistant.store import Store, new_id

Answer = Callable[[str, Language | None, Sequence[Turn]], Turn]
Ids = tuple[str, str]  # of conversation and message
TURNS = 6  # of history: what follow-ups refer to

logger = logging.getLogger(__name__)


def converse(request: ChatRequest, answer: Answer, store: Callable[[], Store], ids: Ids | None = None) -> ChatReply:
    """The reply to a message; raises NotFound for a conversation that nobody has, and what `answer` raises.

    `ids` are those of the reply, where they have to be known before it. A patron is answered even where the database is
    away: without history, and with ids that nothing remembers.
    """
    began = time.perf_counter()
    history = _recall(request.conversation_id, store)
    recalled = time.perf_counter()
    ids = ids or new_ids(request)
    turn = answer(request.message, request.language, history)
    answered = time.perf_counter()
    timings = {"recall": _ms(began, recalled), "ask": _ms(recalled, answered)}
    conversation_id, message_id = _record(request.conversation_id, turn, timings, store, ids)
    return ChatReply(conversation_id=conversation_id, message_id=message_id, **dict(turn.reply))


def new_ids(request: ChatRequest) -> Ids:
    """The ids of the reply to a request."""
    return request.conversation_id or new_id(), new_id()


def _recall(conversation_id: str | None, store: Callable[[], Store]) -> list[Turn]:
    if conversation_id is None:
        return []
    try:
        return store().history(conversation_id, TURNS)
    except StoreError as error:
        logger.warning("answering without history: %s", error)
        return []


def _record(
    conversation_id: str | None, turn: Turn, timings: dict[str, float], store: Callable[[], Store], ids: Ids
) -> Ids:
    try:
        return store().record(conversation_id, turn, timings, ids)
    except StoreError as error:
        logger.warning("a turn was not kept: %s", error)
    except NotFound:
        logger.info("a turn was not kept: its conversation was deleted meanwhile")
    return ids


def _ms(began: float, ended: float) -> float:
    return round((ended - began) * 1000, 2)
