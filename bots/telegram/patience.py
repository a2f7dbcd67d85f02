"""What needs the core is asked for until the core answers, and the patron hears why it takes time."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from assistant.errors import CoreAway, StoreError
from bots.telegram.markup import runs
from bots.telegram.means import Means
from bots.telegram.stop import pauses
from bots.telegram.visit import Visit

T = TypeVar("T")
PATIENCE_SECONDS = 600.0  # after which an answer is of no use to whoever asked
LONGEST_PAUSE = 10.0  # between two tries

logger = logging.getLogger(__name__)


async def insist(visit: Visit, ask: Callable[[], Awaitable[T]], means: Means) -> T:
    """What `ask` gets of the core; raises CoreAway where that takes too long. A second failure in a row is told."""
    told = visit.waiting.told
    for number, pause in enumerate(pauses(longest=LONGEST_PAUSE)):
        try:
            return await ask()
        except CoreAway as away:
            logger.warning("%s", away)
            if time.time() > visit.waiting.received_at + PATIENCE_SECONDS:
                raise
            if number and not told:
                told = True
                await _tell(visit, means)
            await means.stop.pause(max(pause, away.retry_after or 0))
    raise AssertionError("pauses never end")


async def _tell(visit: Visit, means: Means) -> None:
    """Say that the answer will be late. Marked first: after a crash it is better not said at all than twice."""
    try:
        means.inbox.mark_told(visit.waiting.id)
    except StoreError as error:
        logger.error("%s", error)
    await means.outbox.send(visit.place, runs(means.phrases.say("core_away", visit.language)))
