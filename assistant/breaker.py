"""A circuit breaker (Nygard, "Release It!"): a service that keeps failing is left alone, then tried by one."""

import time
from collections.abc import Callable
from threading import Lock

FAILURES = 5  # in a row, until it opens
REST_SECONDS = 30.0
LONGEST_REST = 600.0  # whatever a service asks for


class Breaker:
    """Safe for many threads. `clock` tells seconds that only grow.

    Libraries of the kind know neither a service's own Retry-After nor a single probe; those are half of this.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._failures, self._until, self._probing = 0, 0.0, False

    @property
    def is_open(self) -> bool:
        """Whether the service rests, or is being tried by the one."""
        return self._until > 0

    def enter(self) -> bool:
        """Whether the service may be asked now; each True is followed by `succeed` or `fail`, or by `leave`."""
        with self._lock:
            if not self._until:
                return True
            if self._probing or self._clock() < self._until:
                return False
            self._probing = True
            return True

    def succeed(self) -> None:
        """The service did its part."""
        with self._lock:
            self._failures, self._until, self._probing = 0, 0.0, False

    def fail(self, rest: float | None = None) -> None:
        """The service failed; `rest`: the seconds that it asks to be left alone for."""
        with self._lock:
            self._failures += 1
            if rest is not None or self._probing or self._failures >= FAILURES:
                self._until = self._clock() + min(REST_SECONDS if rest is None else rest, LONGEST_REST)
            self._probing = False

    def leave(self) -> None:
        """Nothing was learnt: the patron went away, or no place was free."""
        with self._lock:
            self._probing = False
