"""A case typed in other ways: the same question as phones, keyboards and habits make it.

Deterministic: a case's variants are the same in every run. The facts expected stay as they are.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from assistant.knowledge import Language
from assistant.spellings import KAZAKH_ALPHABETS, RUSSIAN_KEYBOARD
from evals.cases import Case
from evals.metrics import TWO_PARTS
from evals.respell import chat_kazakh, latin_russian, respell, typo

Typed = Callable[[str, random.Random], str]

LETTERS_A_SLIP = 25  # one mistyped letter in so many
# Words that searchers leave out; those that ask for a number, a time or a person they keep.
LEFT_OUT: Mapping[Language, frozenset[str]] = {
    "kk": frozenset("""
        ма ме ба бе па пе мен бен пен және әрі ал да де та те туралы жайлы жайында деген дегеніміз бар болды болып бола
        болады еді екен ғой үшін осы бұл сол айтшы айтыңызшы беріңізші керек маған сізде
    """.split()),
    "ru": frozenset("""
        и а в во на по о об про из от для до с со у за к ли же бы то это эта этот есть был была было были мне нам у
        расскажи расскажите скажи скажите подскажите пожалуйста вообще как что
    """.split()),
    "en": frozenset("""
        a an the of in on at to for from by with and or is are was were be been do does did has have had can could i me
        my you your it its there this that these those about tell please what's as
    """.split()),
}  # fmt: skip
PADDING: Mapping[Language, tuple[str, ...]] = {
    "kk": (
        "Сәлеметсіз бе! {} Алдын ала рақмет!",
        "Кешіріңіз, бір сұрағым бар еді: {}",
        "{} Айтып жібересіз бе, өтінемін",
    ),
    "ru": (
        "Здравствуйте! {} Заранее спасибо!",
        "Подскажите, пожалуйста: {}",
        "Извините за беспокойство. {} Буду признателен",
    ),
    "en": (
        "Hello there! {} Thanks in advance!",
        "Could you please tell me: {}",
        "Sorry to bother you. {} I'd be grateful",
    ),
}


def variants(cases: Iterable[Case]) -> Iterator[Case]:
    """The variants of every case that must be answered, but of those that are oddly typed already."""
    for case in cases:
        if case.is_answerable and not case.category.startswith(("variant", "mixed")):
            for name, way in _ways(case.language).items():
                typed = _retyped(case, name, way)
                if typed:
                    yield typed


def _ways(language: Language) -> dict[str, Typed]:
    own: dict[Language, dict[str, Typed]] = {
        "kk": {"keyboard": _on_russian_keyboard, "latin-2021": _in_latin_of_2021, "latin-chat": _in_chat_latin},
        "ru": {"translit": _in_latin_russian},
        "en": {},
    }
    return {
        **own[language],
        "typos": _with_slips,
        "lower": _in_small_letters,
        "keywords": lambda text, rng: _keywords(text, language),
        "polite": lambda text, rng: rng.choice(PADDING[language]).format(text),
    }


def _retyped(case: Case, name: str, way: Typed) -> Case | None:
    """None where a turn is typed no other way, or nothing is left of it; keywords are one search, not a talk."""
    if name == "keywords" and (len(case.turns) > 1 or case.category == TWO_PARTS):
        return None
    rng = random.Random(f"{case.id} {name}")
    turns = tuple(way(turn, rng) for turn in case.turns)
    if not all(turns) or turns == case.turns:
        return None
    return case.model_copy(update={"turns": turns, "variant": name})


def _on_russian_keyboard(text: str, rng: random.Random) -> str:
    return respell(text, RUSSIAN_KEYBOARD)


def _in_latin_of_2021(text: str, rng: random.Random) -> str:
    return respell(text, KAZAKH_ALPHABETS["2021"])


def _in_chat_latin(text: str, rng: random.Random) -> str:
    """Latin letters of any phone: no dots, no tails."""
    habit = {letter: _ascii(spelt) for letter, spelt in chat_kazakh(rng).items()}
    return respell(text, habit)


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(str.maketrans("əı", "ai")))
    return plain.encode("ascii", "ignore").decode()


def _in_latin_russian(text: str, rng: random.Random) -> str:
    return latin_russian(text, rng)


def _with_slips(text: str, rng: random.Random) -> str:
    for _ in range(max(1, len(text) // LETTERS_A_SLIP)):
        text = typo(text, rng)
    return text


def _in_small_letters(text: str, rng: random.Random) -> str:
    return re.sub(r"[^\w\s-]", "", text.lower())


def _keywords(text: str, language: Language) -> str:
    """Without the words that only hold a sentence together; nothing where no two words would be left."""
    left = [word for word in re.findall(r"[\w’'-]+", text) if word.lower() not in LEFT_OUT[language]]
    return " ".join(left) if len(left) > 1 else ""
