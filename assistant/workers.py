"""A few threads that answer questions, with a line of bounded length before them."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import TypeVar

from assistant.errors import RequestError

T = TypeVar("T")
THREADS = (os.cpu_count() or 2) + 2  # answering is CPU work; the two more fill the waits for the database
WAITING = 256


class Workers:
    """First come, first served; who comes when `waiting` others wait is asked to come again."""

    def __init__(self, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._places = Semaphore(threads + waiting)

    def start(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Begin `work` in its turn; raises RequestError (503, busy) where the line is full."""
        if not self._places.acquire(blocking=False):
            raise RequestError("busy", 503)
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        return asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish what is in hand."""
        self._pool.shutdown(wait=True)
