"""The order to stop: what waits gives way to it, what is in hand is finished."""

import asyncio
from collections.abc import Iterator

LONGEST_PAUSE = 60.0


class Stopped(Exception):
    """A wait was cut short; what it was for is done after the next start."""


class Stop:
    """Set once, by a signal or by what makes going on useless."""

    def __init__(self) -> None:
        self._ordered = asyncio.Event()

    def order(self) -> None:
        """Begin no new work."""
        self._ordered.set()

    @property
    def ordered(self) -> bool:
        """Whether no new work is to be begun."""
        return self._ordered.is_set()

    async def wait(self) -> None:
        """Until the order comes."""
        await self._ordered.wait()

    async def pause(self, seconds: float) -> None:
        """Let some time pass; raises Stopped as soon as the order comes."""
        try:
            await asyncio.wait_for(self._ordered.wait(), seconds)
        except TimeoutError:
            return
        raise Stopped


def pauses(first: float = 0.5, longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """Seconds to wait after each failure in a row, twice as long every time."""
    while True:
        yield first
        first = min(2 * first, longest)
