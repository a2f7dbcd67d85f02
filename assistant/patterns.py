"""Finds word patterns in a question: "режим работ" is a word that begins "режим", then one that begins "работ"."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.fold import fold
from assistant.words import words

BEGINNING = 3  # letters from which a pattern stands for every word that begins with it
GAP = 1  # words that may stand between two words of a pattern ("opening of the hours" is too far)


Pattern = tuple[str, tuple[str, ...]]  # its name, and the beginnings of its words


@dataclass(frozen=True)
class Found:
    """A pattern's name and the places of the question's words that it matched."""

    name: str
    places: tuple[int, ...]


class Patterns:
    """Patterns filed by their first word: whole words by themselves, beginnings by what they begin with."""

    def __init__(self, named: Iterable[tuple[str, str]], whole: frozenset[str] = frozenset()) -> None:
        """`named`: (name, pattern) pairs, many to a name; the patterns of the names in `whole` are whole words."""
        self._whole = whole
        self._words: dict[str, list[Pattern]] = defaultdict(list)
        self._beginnings: dict[str, list[Pattern]] = defaultdict(list)
        for name, pattern in named:
            beginnings = tuple(words(fold(pattern)))
            if beginnings:
                is_word = name in whole or len(beginnings[0]) < BEGINNING
                (self._words if is_word else self._beginnings)[beginnings[0]].append((name, beginnings))

    def find(self, tokens: Sequence[str]) -> list[Found]:
        """Every pattern in a question's folded words, the longest matches first."""
        begun = _begun(tuple(tokens))
        found = {
            Found(name, places)
            for start, token in enumerate(tokens)
            for name, beginnings in self._filed(token)
            if begun.issuperset(beginnings)  # hardly any is, and this asks in one step
            and (places := _match(tokens, start, beginnings, whole=name in self._whole))
        }
        return sorted(found, key=lambda item: (-len(item.places), item.places, item.name))

    def _filed(self, token: str) -> Iterator[Pattern]:
        """The patterns whose first word the token is."""
        yield from self._words.get(token, ())
        for length in range(BEGINNING, len(token) + 1):
            yield from self._beginnings.get(token[:length], ())


@lru_cache(maxsize=64)
def _begun(tokens: tuple[str, ...]) -> frozenset[str]:
    """Every beginning of every word; cached, since all kinds of patterns are looked for in the same message."""
    return frozenset(token[:length] for token in tokens for length in range(1, len(token) + 1))


def _match(tokens: Sequence[str], start: int, beginnings: tuple[str, ...], *, whole: bool) -> tuple[int, ...] | None:
    """The places of the words that match, in order and close together; None if one is missing."""
    places = [start]  # the first word is why the pattern was looked up
    at = start + 1
    for beginning in beginnings[1:]:
        reach = range(at, min(at + 1 + GAP, len(tokens)))
        hit = next((place for place in reach if _begins(tokens[place], beginning, whole)), None)
        if hit is None:
            return None
        places.append(hit)
        at = hit + 1
    return tuple(places)


def _begins(token: str, beginning: str, whole: bool) -> bool:
    """To the letter: a mistyped letter forgiven here would find Canada in «қандай»."""
    return token == beginning if whole or len(beginning) < BEGINNING else token.startswith(beginning)
