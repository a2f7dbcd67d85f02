"""Which language a message is in, however it is typed: Kazakh, Russian or English.

Logistic regression over letter n-grams (`assistant.ngrams`), trained by `evals/train_language.py` on parallel sentences
respelled in many habits: without Kazakh letters, in Latin, with typos. Ready-made identifiers take Latin Kazakh for
Turkish and miss a seventh of Kazakh typed on a Russian keyboard (design, section 4).
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from assistant.knowledge import LANGUAGES, Language
from assistant.ngrams import BUCKETS, ngrams, words

Script = Literal["cyrillic", "latin"]
Spelling = Literal["cyrillic", "folded", "latin", "english", "none"]

MODEL = Path(__file__).with_name("language.npz")
# How much a language to lean on weighs, in nats: as much as about nine earlier messages in it against one not.
LEAN = 2.2
# The most that one word may say for a language (LANGUAGES), in nats: "қай библиотека жақсы" is Kazakh, however Russian
# its noun. A Kazakh word says more: "видео ашылмайды" has a Russian noun, but Russian borrows no Kazakh verbs.
VOTE = np.array([5.0, 4.0, 4.0])
# What a word that only holds sentences together says on top of that: nouns are borrowed, grammar is not.
FRAME = 5.0
# Words outside a quoted title from which the title says nothing of the language.
ENOUGH = 2
_FRAME_WORDS: dict[Language, str] = {
    "kk": """
        ма ме ба бе па пе мен және жане туралы жайлы қай кай қайда кайда қайдан кайдан қалай калай қандай кандай қанша
        канша кім ким неше қашан кашан деген дегеніміз дегенимиз керек бар емес бола болады үшін ушин айтшы беріңізші
        беринизши бұл бул осы turaly turali jaily zhaily qai qay kai kay qaida qayda kaida kayda qalai qalay kalai kalay
        qandai qanday kandai kanday qansha kansha qashan kashan degen kerek bola bolady boladi aitshy aytshy ushin
    """,
    "ru": """
        и в на по о об про что где куда когда как какой какая какие кто чем чего ли это есть для из от имени расскажи
        пожалуйста подскажите скажите chto 4to gde kogda kak kakoy kakaya kakie kto eto dlya rasskazhi rasskaji pro
    """,
    "en": """
        the of what where when who whose which how is are does did tell about and for with can you your my me please in
    """,
}
_FRAME = {word: LANGUAGES.index(language) for language, listed in _FRAME_WORDS.items() for word in listed.split()}
_KAZAKH = re.compile("[әғқңөұүһі]")
# What the names of libraries are made of, beside proper names.
_IN_NAMES = ("кітапхана", "облыс", "қалалық", "ұлттық", "мемлекет", "университет", "орталы", "атындағы")
_QUOTED = re.compile(r"[«“\"][^»”\"]*[»”\"]")
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_LATIN = re.compile("[a-z\u00df-\u024f\u0259]")


CLEARLY = 0.95  # the probability from which a text alone tells its language


@dataclass(frozen=True)
class Identified:
    """The language of a message and the way it was typed.

    `language` is None only where there was no letter to go by and nothing to lean on. `spelling`:

    * "cyrillic": Kazakh with its letters, or Russian
    * "folded":   Kazakh in Cyrillic without a single one of its letters (a Russian keyboard)
    * "latin":    Kazakh or Russian in Latin letters: bring it `to_cyrillic` before search
    * "english":  English
    * "none":     no letters of use

    `confidence` is the probability of `language`, what it leaned on included; 0 for "none".
    """

    language: Language | None
    spelling: Spelling
    confidence: float

    @property
    def script(self) -> Script | None:
        """The script that most of the message was typed in (English counts as Latin)."""
        if self.spelling == "none":
            return None
        return "latin" if self.spelling in ("latin", "english") else "cyrillic"


class Identifier:
    """Tells Kazakh, Russian and English apart; one instance serves all threads."""

    def __init__(self, weights: NDArray[np.int8], scale: float, bias: NDArray[np.float32]) -> None:
        """`weights` has shape (BUCKETS, 3), in the order of LANGUAGES, to be multiplied by `scale`; `bias` (3,)."""
        if weights.shape != (BUCKETS, len(LANGUAGES)):
            raise ValueError(f"language model of shape {weights.shape}, expected {(BUCKETS, len(LANGUAGES))}")
        self._weights, self._scale, self._bias = weights, scale, bias

    @classmethod
    @cache
    def load(cls, path: Path = MODEL) -> Self:
        """The identifier shipped with Shyraq, read once a process."""
        with np.load(path, allow_pickle=False) as file:
            return cls(file["weights"], float(file["scale"]), file["bias"])

    def identify(self, text: str, lean: Language | None = None) -> Identified:
        """The language of `text`; `lean` wins where the letters say little (one word, a name, a number)."""
        tokens = _telling(text)
        if not tokens:
            return Identified(lean, "none", 0.0)
        scores = self.scores(tokens)
        scores[LANGUAGES.index("kk")] += FRAME * len(_kazakh_words(text))
        if lean is not None:
            scores[LANGUAGES.index(lean)] += LEAN
        if not _LATIN.search("".join(tokens)):
            scores[LANGUAGES.index("en")] = -np.inf
        chances = np.exp(scores - scores.max())
        best = int(chances.argmax())
        return Identified(LANGUAGES[best], _spelling(tokens, LANGUAGES[best]), float(chances[best] / chances.sum()))

    def scores(self, tokens: list[str]) -> NDArray[np.float64]:
        """Log-probability, up to a constant, of each language; shape (3,)."""
        buckets, owners = ngrams(tokens)
        weights = self._weights[buckets]
        columns = [np.bincount(owners, weights[:, k], len(tokens)) for k in range(len(LANGUAGES))]
        votes = _capped(np.stack(columns, axis=1).astype(np.float64) * self._scale)
        for token in tokens:
            if token in _FRAME:
                votes[0, _FRAME[token]] += FRAME
        return np.asarray(votes.sum(axis=0) + self._bias)


def _telling(text: str) -> list[str]:
    """The words to go by: those outside quoted titles, which any language may quote, where there are enough."""
    outside = _spelled(_QUOTED.sub(" ", text))
    return outside if len(outside) >= ENOUGH else _spelled(text)


def _spelled(text: str) -> list[str]:
    return [word for word in words(text) if _CYRILLIC.search(word) or _LATIN.search(word)]


def _kazakh_words(text: str) -> list[str]:
    """The words with a letter that Russian lacks; names and quoted titles aside, which Russian messages have too."""
    found = _WORD.findall(_QUOTED.sub(" ", text))
    return [word for word in found if _KAZAKH.search(word) and word.islower() and not word.startswith(_IN_NAMES)]


def _capped(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """`votes` (words, 3) shrunk so that no word's first language leads its second by more than its VOTE."""
    ranked = np.sort(votes, axis=1)
    leads = ranked[:, -1] - ranked[:, -2]
    most = VOTE[votes.argmax(axis=1)]
    return np.asarray(votes * (most / np.maximum(leads, most))[:, None])


def script_of(tokens: list[str]) -> Script:
    """The script of most letters."""
    text = "".join(tokens)
    return "latin" if len(_LATIN.findall(text)) > len(_CYRILLIC.findall(text)) else "cyrillic"


def _spelling(tokens: list[str], language: Language) -> Spelling:
    if language == "en":
        return "english"
    if script_of(tokens) == "latin":
        return "latin"
    return "cyrillic" if language == "ru" or _KAZAKH.search("".join(tokens)) else "folded"
