"""The same work on many things, on all cores."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ingest.progress import Say, watched

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def on_all_cores(work: Callable[[Thing], Result], things: Sequence[Thing], what: str, say: Say) -> dict[Thing, Result]:
    """What `work` makes of each thing; `say` is told how far it is with `what`."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            results = watched(pool.map(work, things), len(things), what, say)
            return dict(zip(things, results, strict=True))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # or Ctrl+C would wait for thousands of them
            raise
