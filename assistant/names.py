"""Finds the entries that a question names, in any case ending, word order and script."""

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from math import log1p

import numpy as np

from assistant.fold import fold
from assistant.knowledge import LANGUAGES, Entry
from assistant.words import same_word, words

RARE = 3  # a name word that this many entries share at most tells them apart by itself
ENOUGH = 0.72  # of a name's weight, when a rare word of it is there
NEAR = 0.35  # of a name's weight, when the question may mean any of several
KIND = 0.4  # a word in this share of all names is what kind of thing they are: library
SLACK = 2  # words that may stand between the words of a name
STEM = 4  # letters by which forms of a word are counted as one
ALIKE = 0.6  # of the best reading's share of its name, for another to be as likely meant
INEXACT = 0.95  # of a word's weight, when the question has another form of it
CUT = 5  # letters that may be missing at the end of a name's word, after more than as many: "универ" is one…
ENDING = 2  # …and after fewer: "елге" ("to a country") is no Елгезек, "алмай" ("unable") no Алматы
SHORTEST = 2  # letters of a word, of which the only forms are those with a Kazakh case, as of acronyms: "киіз үйде"
CASES = frozenset("нын нин ны ни де да дын дин га ге ды ди дан ден дагы деги и инде инин ине инен ин".split())  # folded
POSSESSED = ("сы", "си")  # folded ends of a Kazakh name's word after a vowel: кітапхана|сы
SHORT = 0.3  # of its weight, for a word of one or two letters ("of", "РК", "им")


@dataclass(frozen=True)
class Mention:
    """Entries that one stretch of the question may name: one of them, or several with equal right."""

    entries: tuple[str, ...]
    places: frozenset[int]
    certain: bool


@dataclass(frozen=True)
class _Match:
    entry: str
    places: frozenset[int]
    weight: float
    coverage: float
    rare: bool
    kind: bool
    telling: int


class Names:
    """The titles and aliases of all entries in all languages, filed by their words."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._aliases: list[tuple[str, tuple[str, ...]]] = []
        self._acronyms: set[str] = set()
        owners: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            named = [name for language in LANGUAGES for name in entry.names(language)]
            self._acronyms.update(fold(word) for name in named for word in words(name) if _is_acronym(word))
            for alias in dict.fromkeys(tuple(words(fold(name))) for name in named):
                self._aliases.append((entry.id, alias))
                for word in alias:
                    owners[word[:STEM]].add(entry.id)
        every = {word for _, alias in self._aliases for word in alias}
        self._shared = {word: len(owners[word[:STEM]]) for word in every}
        self._weight = {word: _weight(word, shared, len(entries)) for word, shared in self._shared.items()}
        self._totals = np.array(
            [sum(self._weight[word] for word in dict.fromkeys(alias)) for _, alias in self._aliases]
        )
        self._count = len(entries)
        self._filed: dict[str, list[str]] = defaultdict(list)
        for word in sorted(every):
            self._filed[word[:1]].append(word)
        places: dict[str, list[int]] = defaultdict(list)
        for number, (_, alias) in enumerate(self._aliases):
            for word in set(alias):
                places[word].append(number)
        self._by_word = {word: np.array(numbers) for word, numbers in places.items()}
        self._forms = lru_cache(maxsize=20_000)(self._find_forms)

    def find(self, tokens: Sequence[str], placed: frozenset[int] = frozenset()) -> list[Mention]:
        """What `certain` finds or, where that is nothing, what an incomplete name may mean ("national library")."""
        return self.certain(tokens, placed) or self._near(tokens, placed)

    def certain(self, tokens: Sequence[str], placed: frozenset[int] = frozenset()) -> list[Mention]:
        """The entries named by folded words, best first; overlapping weaker readings left out.

        `placed`: where the words name places; with those alone they name no library. Two names may share their last
        word ("Kostanay and Karaganda libraries"), not the word that tells them apart.
        """
        mentions = self._readings(tokens, placed)
        taken = {place for mention in mentions for place in mention.places if not self.is_kind(tokens, {place})}
        if not taken:
            return mentions
        # A name may have been laid over the words of another too: "the National and the Kazakh National Library".
        left = ["" if place in taken else token for place, token in enumerate(tokens)]
        known = {entry for mention in mentions for entry in mention.entries}
        return mentions + [more for more in self._readings(left, placed) if known.isdisjoint(more.entries)]

    def _readings(self, tokens: Sequence[str], placed: frozenset[int]) -> list[Mention]:
        matches = [match for match in self._matches(tokens, ENOUGH) if self._is_certain(match, tokens, placed)]
        certain = [match for match in matches if not any(_is_part(match, other, tokens) for other in matches)]
        mentions: list[Mention] = []
        taken: set[int] = set()
        for match in certain:
            if match.places & taken and match.telling in taken and not _is_apart(match, mentions, certain):
                continue
            equals = [m for m in certain if m.places == match.places and m.weight >= match.weight - 0.01]
            best = max(m.coverage for m in equals)
            entries = dict.fromkeys(m.entry for m in equals if m.coverage >= best - 0.01)
            mentions.append(Mention(tuple(entries), match.places - taken, True))
            taken |= match.places
        return mentions

    def _near(self, tokens: Sequence[str], placed: frozenset[int]) -> list[Mention]:
        """The entries that share the most of an incomplete name.

        "Libraries in Kazakhstan" is no name at all: beside a place and the kind of thing, some word must tell.
        """
        matches = [match for match in self._matches(tokens, NEAR) if match.kind and len(match.places) >= 2]
        near = [match for match in matches if not self.is_kind(tokens, match.places - placed)]
        if not near:
            return []
        nearest = max(match.coverage for match in near if match.weight >= near[0].weight * INEXACT)
        best = [m for m in near if m.weight >= near[0].weight * INEXACT and m.coverage >= nearest * ALIKE]
        entries = tuple(dict.fromkeys(match.entry for match in best))
        return [Mention(entries, best[0].places, False)]

    def _is_certain(self, match: _Match, tokens: Sequence[str], placed: frozenset[int]) -> bool:
        if not any(self._tells(tokens[place]) for place in match.places - placed):
            return False
        return match.coverage >= INEXACT - 0.001 or (match.rare and match.coverage >= ENOUGH)

    def _tells(self, token: str) -> bool:
        """Whether a word says that a thing is named, not a place: a rare word of a name, or "library" itself."""
        shared = [self._shared[word] for word, _ in self._forms(token)]
        return any(count <= RARE or count >= KIND * self._count for count in shared)

    def is_kind(self, tokens: Sequence[str], places: Set[int]) -> bool:
        """Whether these words only say what kind of thing is meant: "libraries" in "which libraries are in Almaty"."""
        telling = [tokens[place] for place in places if len(tokens[place]) >= STEM]
        return all(any(self._shared[w] >= KIND * self._count for w, _ in self._forms(token)) for token in telling)

    def _matches(self, tokens: Sequence[str], share: float) -> list[_Match]:
        """The best placed match of every alias of which that share of its weight may be there, the weightiest first."""
        hits: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, token in enumerate(tokens):
            for word, quality in self._forms(token):
                hits[word].append((place, quality))
        heard = np.zeros(len(self._aliases))
        for word in hits:
            heard[self._by_word[word]] += self._weight[word]
        candidates = np.flatnonzero(heard >= (share - 1e-9) * self._totals)  # sums of floats differ in the last digits
        found = (self._match(int(number), hits) for number in candidates)
        return sorted((match for match in found if match), key=lambda match: (-match.weight, -match.coverage))

    def _find_forms(self, token: str) -> tuple[tuple[str, float], ...]:
        """The name words that the token may be a form of, each with how surely."""
        filed = self._filed.get(token[:1], ())
        named = (
            word
            for word in filed
            if len(word) - len(token) <= (CUT if len(token) > CUT else ENDING)
            and (token == word or _is_inflected(token, word) if word in self._acronyms else _is_form(token, word))
            and (len(token) != CUT or token.startswith(word) or word.startswith(token))
        )
        return tuple((word, 1.0 if word == token else INEXACT) for word in named)

    def _match(self, number: int, hits: dict[str, list[tuple[int, float]]]) -> _Match | None:
        """The alias laid over the question: each word at most once, all close together."""
        entry, alias = self._aliases[number]
        laid: dict[int, tuple[str, float]] = {}
        for word in sorted(
            (word for word in dict.fromkeys(alias) if word in hits), key=lambda word: -self._weight[word]
        ):
            free = [
                (-quality, sum(abs(place - other) for other in laid), place)
                for place, quality in hits[word]
                if place not in laid and all(abs(place - other) < len(alias) + SLACK for other in laid)
            ]
            if free:
                quality, _, place = min(free)
                laid[place] = (word, -quality)
        weight = sum(self._weight[word] * quality for word, quality in laid.values())
        if not weight or weight < NEAR * self._totals[number]:
            return None
        rare = any(self._shared[word] <= RARE and len(word) >= STEM - 1 for word, _ in laid.values())
        kind = any(self._shared[word] >= KIND * self._count for word, _ in laid.values())
        telling = max(laid, key=lambda place: self._weight[laid[place][0]])
        return _Match(entry, frozenset(laid), weight, weight / float(self._totals[number]), rare, kind, telling)


def _is_part(match: _Match, other: _Match, tokens: Sequence[str]) -> bool:
    """Whether another entry's name has all the long words of a match and more: "of the Almaty (Regional) Library"."""
    long, others = ({place for place in each.places if len(tokens[place]) >= STEM} for each in (match, other))
    return match.entry != other.entry and long < others


def _is_apart(match: _Match, mentions: Sequence[Mention], certain: Sequence[_Match]) -> bool:
    """Whether a name stands in one piece, and who took its word is named without it too.

    "How does the Pushkin library differ from the Ust-Kamenogorsk city library?": both are in Ust-Kamenogorsk.
    """
    owners = {entry for mention in mentions for entry in mention.entries if match.telling in mention.places}
    mentioned = {entry for mention in mentions for entry in mention.entries}
    is_whole = max(match.places) - min(match.places) < len(match.places)
    named = {other.entry for other in certain if match.places.isdisjoint(other.places)}
    return is_whole and match.entry not in mentioned and owners <= named


def _is_acronym(word: str) -> bool:
    """Whether a word of a name is letters that are read one by one: СКО, NU."""
    return word.isupper() and word.isalpha() and len(word) < STEM


def _is_inflected(token: str, word: str) -> bool:
    """Whether a token is a word in a Kazakh case: an acronym has no other forms, "скок" is none of "СКО"."""
    return token.startswith(word) and token[len(word) :] in CASES


def _is_form(token: str, word: str) -> bool:
    """Whether a token is a form of a name's word, be it a possessed one in another form: китапхана|лары for |сы."""
    if len(word) == SHORTEST:
        return token == word or _is_inflected(token, word)
    is_possessed = len(word) > STEM + 2 and word.endswith(POSSESSED)
    return same_word(token, word) or (is_possessed and token.startswith(word[:-2]))


def _weight(word: str, shared: int, entries: int) -> float:
    short = len(word) < STEM - 1 and word.isalpha() and shared > RARE
    return log1p(entries / shared) * (SHORT if short else 1.0)
