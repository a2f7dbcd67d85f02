"""What a language model may cost in a day (UTC): tokens, and money where prices are known."""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock

FILE = "llm-usage.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Usage:
    """What was used on one day."""

    day: str
    tokens: int = 0
    spent: float = 0.0


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


class Budget:
    """A ceiling for tokens and one for money, 0 for none; `prices` are those of a million tokens in and out.

    The day's sums are kept in `path`, so that no restart buys another day.
    """

    def __init__(
        self, path: Path, tokens: int, spend: float, prices: tuple[float, float], day: Callable[[], date] = today
    ) -> None:
        self._path, self._tokens, self._spend, self._prices, self._day = path, tokens, spend, prices, day
        self._lock, self._usage = Lock(), _read(path)

    @property
    def usage(self) -> Usage:
        """Today's."""
        now = self._day().isoformat()
        return self._usage if self._usage.day == now else Usage(now)

    @property
    def is_spent(self) -> bool:
        """Whether a ceiling is reached."""
        used = self.usage
        return bool((self._tokens and used.tokens >= self._tokens) or (self._spend and used.spent >= self._spend))

    def add(self, tokens_in: int, tokens_out: int) -> None:
        """Count an answer's tokens."""
        cost = (tokens_in * self._prices[0] + tokens_out * self._prices[1]) / 1e6
        with self._lock:
            used = self.usage
            self._usage = Usage(used.day, used.tokens + tokens_in + tokens_out, used.spent + cost)
            _write(self._path, self._usage)


def _read(path: Path) -> Usage:
    try:
        return Usage(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # the first day, or a file that somebody edited
        return Usage("")


def _write(path: Path, usage: Usage) -> None:
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(asdict(usage)), encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:  # counted in this process at least
        logger.warning("the model's usage was not kept: %s", error.strerror)
