"""Finds word patterns in a question: "режим работ" is a word that begins "режим", then one that begins "работ"."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.fold import fold
from assistant.words import words

KEY = 3  # letters that patterns are filed under
GAP = 1  # words that may stand between two words of a pattern ("opening of the hours" is too far)


@dataclass(frozen=True)
class Found:
    """A pattern's name and the places of the question's words that it matched."""

    name: str
    places: tuple[int, ...]


class Patterns:
    """Patterns filed by the beginning of their first word."""

    def __init__(self, named: Iterable[tuple[str, str]], whole: frozenset[str] = frozenset()) -> None:
        """`named`: (name, pattern) pairs, many to a name; the patterns of the names in `whole` are whole words."""
        self._whole = whole
        self._filed: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        for name, pattern in named:
            beginnings = tuple(words(fold(pattern)))
            if beginnings:
                self._filed[beginnings[0][:KEY]].append((name, beginnings))

    def find(self, tokens: Sequence[str]) -> list[Found]:
        """Every pattern in a question's folded words, the longest matches first."""
        found = {
            Found(name, places)
            for start, token in enumerate(tokens)
            for length in range(1, KEY + 1)
            for name, beginnings in (self._filed.get(token[:length], ()) if len(token) >= length else ())
            if (places := _match(tokens, start, beginnings, whole=name in self._whole))
        }
        return sorted(found, key=lambda item: (-len(item.places), item.places, item.name))


def _match(tokens: Sequence[str], start: int, beginnings: tuple[str, ...], *, whole: bool) -> tuple[int, ...] | None:
    """The places of the words that match, in order and close together; None if one is missing."""
    places: list[int] = []
    at = start
    for number, beginning in enumerate(beginnings):
        reach = range(at, min(at + 1 + (GAP if number else 0), len(tokens)))
        hit = next((place for place in reach if _begins(tokens[place], beginning, whole)), None)
        if hit is None:
            return None
        places.append(hit)
        at = hit + 1
    return tuple(places)


def _begins(token: str, beginning: str, whole: bool) -> bool:
    """To the letter: a mistyped letter forgiven here would find Canada in «қандай»."""
    return token == beginning if whole or len(beginning) < 3 else token.startswith(beginning)
