"""A part of the core that is opened at start or, where that failed, by the first to need it later."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from assistant.errors import ShyraqError

T = TypeVar("T")
RETRY_SECONDS = 5  # a database that is away is not waited for by every patron


class Opened(Generic[T]):
    """Holds what `open_part` gives in `part`, None until then; safe for many threads."""

    def __init__(self, open_part: Callable[[], T]) -> None:
        self._open, self._lock = open_part, Lock()
        self.part: T | None = None
        self._failure: tuple[float, ShyraqError] | None = None

    def __call__(self) -> T:
        """The part; raises the ShyraqError of its opening, for some seconds without trying again."""
        if self.part is None:
            with self._lock:
                if self.part is None:
                    self.part = self._try()
        return self.part

    def _try(self) -> T:
        if self._failure and time.monotonic() < self._failure[0] + RETRY_SECONDS:
            raise self._failure[1].with_traceback(None)
        try:
            return self._open()
        except ShyraqError as error:
            self._failure = (time.monotonic(), error)
            raise
