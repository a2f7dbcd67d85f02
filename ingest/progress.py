"""Work that a person waits for: a bar with a count, or a line now and then where no bar can be drawn."""

from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Say = Callable[[str], None]
T = TypeVar("T")
QUIET_SECONDS = 20  # between two lines


def watched(done: Iterable[T], total: int, what: str, say: Say, *, quiet: float = QUIET_SECONDS) -> Iterator[T]:
    """Hand on each of `total` things as it is done, and show how far that is: "Embedding 2000/31258"."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from _told(done, total, what, say, quiet)
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        yield from bar.track(done, total)


def _told(done: Iterable[T], total: int, what: str, say: Say, quiet: float) -> Iterator[T]:
    told = monotonic()
    for number, thing in enumerate(done, 1):
        if monotonic() - told > quiet:
            told = monotonic()
            say(f"{what} {number}/{total}…")
        yield thing
