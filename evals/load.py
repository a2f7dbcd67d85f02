"""A load on a server that answers POST /api/chat: how long single answers take, and how many it gives a second."""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from statistics import quantiles
from typing import Any


@dataclass
class Load:
    """What a load met: milliseconds of every answer, the replies as they came, and how many seconds it lasted."""

    times: list[float] = field(default_factory=list)
    replies: list[Any] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, percent: int) -> float:
        """Milliseconds within which `percent` of the answers came."""
        return quantiles(self.times, n=100)[percent - 1]

    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds


class Caller:
    """One caller with a connection of its own, kept open; http.client, since it costs the server's cores the least."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, message: str) -> Any:
        """The reply's JSON; raises OSError where nobody listens, and AssertionError for any status but 200."""
        body = json.dumps({"message": message})
        self._connection.request("POST", "/api/chat", body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == 200, f"{response.status}: {content[:200]!r}"
        return json.loads(content)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def one_by_one(port: int, questions: Sequence[str]) -> Load:
    """Each question once, the next when the last is answered."""
    load, caller = Load(), Caller(port)
    began = time.perf_counter()
    for question in questions:
        _ask(caller, question, load)
    load.seconds = time.perf_counter() - began
    caller.close()
    return load


def together(port: int, questions: Sequence[str], callers: int, seconds: float) -> Load:
    """`callers` side by side for `seconds`, each asking the next question as soon as it is answered."""
    load, turn, faults = Load(), count(), []
    began = time.perf_counter()

    def call() -> None:
        caller = Caller(port)
        try:
            while time.perf_counter() < began + seconds:
                _ask(caller, questions[next(turn) % len(questions)], load)
        except (OSError, AssertionError, http.client.HTTPException) as fault:
            faults.append(fault)
        finally:
            caller.close()

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - began
    if faults:
        raise faults[0]
    return load


def _ask(caller: Caller, question: str, load: Load) -> None:
    began = time.perf_counter()
    reply = caller.ask(question)
    load.times.append(1000 * (time.perf_counter() - began))
    load.replies.append(reply)
