"""How many messages a chat may send: more than people write, fewer than would keep others waiting."""

from collections import defaultdict, deque
from typing import Literal

LIMIT, WINDOW_SECONDS = 30, 60.0

Verdict = Literal["welcome", "tell", "silent"]


class Pace:
    """A sliding window for every chat. A flood is told once: the next time only after it has ended."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._seen: dict[int, deque[float]] = defaultdict(deque)
        self._told: set[int] = set()

    def judge(self, chat: int, at: float) -> Verdict:
        """Count a message that came `at` these seconds, and say what to do with it."""
        seen = self._seen[chat]
        while seen and seen[0] <= at - WINDOW_SECONDS:
            seen.popleft()
        if len(seen) < self._limit:
            if 2 * len(seen) <= self._limit:
                self._told.discard(chat)
            seen.append(at)
            return "welcome"
        told = chat in self._told
        self._told.add(chat)
        return "silent" if told else "tell"

    def sweep(self, now: float) -> None:
        """Forget chats that have been quiet."""
        for chat in [chat for chat, seen in self._seen.items() if not seen or seen[-1] <= now - WINDOW_SECONDS]:
            del self._seen[chat]
            self._told.discard(chat)
