"""What a language model may cost in a day (UTC): tokens, and money where prices are known."""

import logging
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE = "llm-usage.json"

logger = logging.getLogger(__name__)


class Usage(BaseModel):
    """What was used on one day."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    day: str
    tokens: int = Field(default=0, ge=0)
    spent: float = Field(default=0.0, ge=0, allow_inf_nan=False)


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
        return self._usage if self._usage.day == now else Usage(day=now)

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
            self._usage = Usage(day=used.day, tokens=used.tokens + tokens_in + tokens_out, spent=used.spent + cost)
            _write(self._path, self._usage)


def _read(path: Path) -> Usage:
    """What was kept; nothing on the first day. A file that somebody has damaged is put aside."""
    try:
        return Usage.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        pass
    except OSError as error:
        logger.warning("%s cannot be read, counting begins anew: %s", path.name, error.strerror)
    except ValidationError:
        _put_aside(path)
    return Usage(day="")


def _put_aside(path: Path) -> None:
    aside = path.with_suffix(".damaged")
    try:
        os.replace(path, aside)
    except OSError as error:  # it is written over with the next answer
        logger.warning("%s is damaged, counting begins anew: %s", path.name, error.strerror)
        return
    logger.warning("%s is damaged, counting begins anew; it is kept as %s", path.name, aside.name)


def _write(path: Path, usage: Usage) -> None:
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(usage.model_dump_json(), encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:  # counted in this process at least
        logger.warning("the model's usage was not kept: %s", error.strerror)
