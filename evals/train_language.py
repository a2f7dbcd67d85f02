"""Train and measure the language identifier.

    python -m evals.train_language FILE.jsonl… --out assistant/language.npz

Each line of a file is {"kk": …, "ru": …, "en": …} (any two or three), optionally "doc". The shipped model was trained
on (ntrex-kk-ru-en.jsonl, tatoeba-en-kk.jsonl, tatoeba-kk-ru.jsonl):

* NTREX-128 (kk, ru, en), © Microsoft, CC-BY-SA-4.0, github.com/MicrosoftTranslator/NTREX
* Tatoeba sentence pairs (en-kk, kk-ru), CC-BY-2.0-FR, tatoeba.org, with its contributors
* evals/language/phrases.jsonl, questions and greetings as people type them, words.jsonl, common words, and
  names.jsonl, names that say nothing of the language; written for Shyraq (Apache-2.0)

15 % of the documents and phrases, by hash, are never trained on; the figures printed are theirs. The model keeps
letter n-gram weights only, no text. The same files and seed give the same model.
"""

import argparse
import hashlib
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assistant.knowledge import LANGUAGES, Language
from assistant.language import Identifier
from assistant.ngrams import BUCKETS, ngrams, words
from evals import respell

PHRASES = Path(__file__).parent / "language" / "phrases.jsonl"
WORDS = Path(__file__).parent / "language" / "words.jsonl"
NAMES = Path(__file__).parent / "language" / "names.jsonl"
HELD_OUT = 0.15
SEED = 20261122
# Chat phrases are few but look like what patrons type: each is respelled this many times more than a news sentence.
PHRASE_WEIGHT = 6
# A name as each of the languages, so that it speaks for none.
NAME_SAMPLES = 16

_CYRILLIC, _LATIN = re.compile("[\u0400-\u052f]"), re.compile("[A-Za-z]")

Row = dict[str, str]
Respelling = Callable[[str, random.Random], str]


class Kind(NamedTuple):
    """A way of typing a language, and how many samples a sentence gives of it."""

    language: Language
    name: str
    respell: Respelling
    samples: int


class Sample(NamedTuple):
    """A text to learn or be measured on."""

    text: str
    language: Language
    kind: str


def _as_is(text: str, rng: random.Random) -> str:
    return text


def _kazakh_official(text: str, rng: random.Random) -> str:
    return respell.respell(text, rng.choice(respell.OFFICIAL))


def _kazakh_chat(text: str, rng: random.Random) -> str:
    return respell.respell(text, respell.chat_kazakh(rng))


KINDS = (
    Kind("kk", "kk", _as_is, 3),
    Kind("kk", "kk, Russian keyboard", respell.fold_kazakh, 4),
    Kind("kk", "kk, official Latin", _kazakh_official, 3),
    Kind("kk", "kk, chat Latin", _kazakh_chat, 6),
    Kind("ru", "ru", _as_is, 5),
    Kind("ru", "ru, Latin", respell.latin_russian, 6),
    Kind("en", "en", _as_is, 9),
)


def read(paths: Iterable[Path]) -> list[Row]:
    """Rows of the files; "file" tells them apart."""
    rows = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            rows.append({"file": path.name} | {key: str(value) for key, value in json.loads(line).items()})
    return rows


def held_out(row: Row) -> bool:
    """Whether a row is kept for measuring: by document where it has one, so that no text is on both sides."""
    key = row.get("doc") or row.get("kk") or row["en"]
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32 < HELD_OUT


def fragment(text: str, count: int, rng: random.Random) -> str:
    """`count` words of `text` in a row, from a random place; foreign names in Latin are no Kazakh or Russian words."""
    tokens = [token for token in text.split() if not (_LATIN.search(token) and _CYRILLIC.search(text))]
    start = rng.randrange(max(1, len(tokens) - count + 1))
    return " ".join(tokens[start : start + count])


def training(rows: list[Row], names: list[Row], rng: random.Random) -> Iterator[Sample]:
    """Every row in every kind of its languages, cut, slipped, mixed."""
    for row in rows:
        weight = PHRASE_WEIGHT if row["file"] == PHRASES.name else 1
        for kind in KINDS:
            if kind.language not in row:
                continue
            for _ in range(kind.samples * weight):
                yield Sample(_spoilt(row, kind, names, rng), kind.language, kind.name)
    for row in names:
        for kind in KINDS:
            for _ in range(NAME_SAMPLES // sum(other.language == kind.language for other in KINDS)):
                yield Sample(kind.respell(row[kind.language], rng), kind.language, kind.name)


def _spoilt(row: Row, kind: Kind, names: list[Row], rng: random.Random) -> str:
    """A row's text as one message of a kind: a piece of it, with a name or foreign words in it, slips and capitals."""
    text = row[kind.language]
    if rng.random() < 0.75:
        text = fragment(text, rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 6]), rng)
    if rng.random() < 0.1:
        text = _mixed(text, row, kind.language, rng)
    text = kind.respell(text, rng)
    if rng.random() < 0.08 and len(text.split()) > 1:
        text = _named(text, rng.choice(names), rng)
    if rng.random() < 0.15:
        text = respell.typo(text, rng)
    return respell.recase(text, rng)


def _mixed(text: str, row: Row, language: Language, rng: random.Random) -> str:
    """`text` with at most a third of its words from the other language of Kazakhstan's streets."""
    other = {"kk": "ru", "ru": "kk"}.get(language, "")
    tokens = text.split()
    if other not in row or len(tokens) < 3:
        return text
    foreign = fragment(row[other], max(1, len(tokens) // 3), rng).split()
    at = rng.randrange(len(tokens) - 1)  # never last: a Kazakh verb ends its sentence
    return " ".join(tokens[:at] + foreign + tokens[at:])


def _named(text: str, name: Row, rng: random.Random) -> str:
    """`text` with a name in some language's form put in: names must not decide."""
    tokens = text.split()
    tokens.insert(rng.randrange(len(tokens) + 1), name[rng.choice(LANGUAGES)])
    return " ".join(tokens)


def measuring(rows: list[Row], rng: random.Random) -> Iterator[tuple[Sample, int]]:
    """Fragments of each length in each kind, cleanly typed; with the number of words asked for."""
    for row in rows:
        for kind in KINDS:
            for count in (1, 2, 3, 4, 6, 7, 12):
                if len(row.get(kind.language, "").split()) >= count:
                    text = kind.respell(fragment(row[kind.language], count, rng), rng).lower()
                    if words(text):
                        yield Sample(text, kind.language, kind.name), count


class Matrix(NamedTuple):
    """Samples as n-gram buckets, one after the other: those of sample i are flat[starts[i]:starts[i + 1]]."""

    flat: NDArray[np.intp]
    starts: NDArray[np.intp]
    targets: NDArray[np.intp]


def matrix(samples: list[Sample]) -> Matrix:
    """Features and targets of `samples`; those without a word are left out."""
    pairs = [(ngrams(tokens)[0], LANGUAGES.index(s.language)) for s in samples if (tokens := words(s.text))]
    lengths = [len(grams) for grams, _ in pairs]
    return Matrix(
        np.concatenate([grams for grams, _ in pairs]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp),
        np.array([target for _, target in pairs], dtype=np.intp),
    )


Weights = tuple[NDArray[np.float32], NDArray[np.float32]]


def balanced(data: Matrix, seed: int) -> Matrix:
    """As many samples of each language, drawn from `data`."""
    rng = np.random.default_rng(seed)
    size = int(np.bincount(data.targets).min())
    part = np.concatenate([rng.choice(np.flatnonzero(data.targets == k), size, replace=False) for k in range(3)])
    flat, owner = _gathered(data, part)
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(part)))])
    return Matrix(flat, starts.astype(np.intp), data.targets[part])


def bayes(data: Matrix, smoothing: float = 0.3, softening: float = 0.2) -> Weights:
    """Weights (BUCKETS, 3) and bias (3,) of multinomial naive Bayes.

    A letter is counted in up to 15 n-grams that are anything but independent, so its odds are softened.
    """
    owner = np.repeat(data.targets, np.diff(data.starts))
    counts = np.stack([np.bincount(data.flat[owner == k], minlength=BUCKETS) for k in range(3)], axis=1) + smoothing
    logs = np.log(counts / counts.sum(axis=0))
    return (softening * (logs - logs.mean(axis=1, keepdims=True))).astype(np.float32), np.zeros(3, np.float32)


def logistic(data: Matrix, start: Weights, seed: int, epochs: int = 2, rate: float = 0.02) -> Weights:
    """Multinomial logistic regression from `start` on, by Adagrad; few epochs keep what `start` knew of the rare."""
    rng = np.random.default_rng(seed)
    weights, bias = start[0].copy(), start[1].copy()
    seen, seen_bias = np.full((BUCKETS, 3), 1e-4, np.float32), np.full(3, 1e-2, np.float32)
    count = len(data.targets)
    for _ in range(epochs):
        for part in np.array_split(rng.permutation(count), max(1, count // 1024)):
            flat, owner = _gathered(data, part)
            error = _error(weights, bias, flat, owner, data.targets[part])
            touched, at = np.unique(flat, return_inverse=True)
            slope = np.stack([np.bincount(at, error[owner, k], len(touched)) for k in range(3)], axis=1) / len(part)
            seen[touched] += slope**2
            weights[touched] -= rate * slope / np.sqrt(seen[touched])
            seen_bias += (step := error.mean(axis=0)) ** 2
            bias -= rate * step / np.sqrt(seen_bias)
    return weights, bias


def _gathered(data: Matrix, part: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Buckets of the samples in `part`, and for each which of them (0…) it belongs to."""
    pieces = [data.flat[data.starts[i] : data.starts[i + 1]] for i in part]
    return np.concatenate(pieces), np.repeat(np.arange(len(part)), [len(piece) for piece in pieces])


def _error(
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
    flat: NDArray[np.intp],
    owner: NDArray[np.intp],
    targets: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Probability minus truth; shape (samples, 3)."""
    gathered = weights[flat]
    scores = np.stack([np.bincount(owner, gathered[:, k], len(targets)) for k in range(3)], axis=1) + bias
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.arange(len(targets)), targets] -= 1
    return np.asarray(chances)


def save(weights: NDArray[np.float32], bias: NDArray[np.float32], out: Path) -> None:
    """Write the model in 8 bits: only differences between languages matter, so each row is centred first."""
    centred = weights - weights.mean(axis=1, keepdims=True)
    scale = float(np.quantile(np.abs(centred).max(axis=1), 0.9999)) / 127
    whole = np.clip(np.rint(centred / scale), -127, 127).astype(np.int8)
    np.savez_compressed(out, weights=whole, scale=np.float32(scale), bias=bias)


def report(identifier: Identifier, samples: list[tuple[Sample, int]], leaning: bool) -> str:
    """Accuracy by kind and length, leaning on the right language or on none; how often English passed for Kazakh."""
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for sample, count in samples:
        found = identifier.identify(sample.text, sample.language if leaning else None).language
        length = "1 word" if count == 1 else "2-3" if count < 4 else "4-6" if count < 7 else "7+"
        right[sample.kind, length].append(found == sample.language)
        if sample.language == "en":
            right["en taken for kk", length].append(found == "kk")
    lengths = ["1 word", "2-3", "4-6", "7+"]
    lines = [f"{'':22}" + "".join(f"{length:>9}" for length in lengths)]
    for kind in dict.fromkeys(kind for kind, _ in right):
        cells = (right[kind, length] for length in lengths)
        lines.append(f"{kind:22}" + "".join(f"{100 * float(np.mean(c)):9.2f}" if c else f"{'–':>9}" for c in cells))
    return "\n".join(lines) + "\n"


def learn(data: Matrix, model: str) -> Weights:
    """The model by name: "bayes", "logistic" (from nothing) or "both", logistic regression started from naive Bayes."""
    if model == "bayes":
        return bayes(data)
    even = balanced(data, SEED)
    if model == "logistic":
        nothing = (np.zeros((BUCKETS, 3), np.float32), np.zeros(3, np.float32))
        return logistic(even, nothing, SEED, epochs=3, rate=0.05)
    return logistic(even, bayes(data), SEED)


def main() -> None:
    """Train on what is not held out, write the model, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("assistant/language.npz"))
    parser.add_argument("--model", choices=["both", "logistic", "bayes"], default="both")
    arguments = parser.parse_args()
    rows = read([*sorted(arguments.files), PHRASES])
    learnt = [row for row in rows if not held_out(row)] + read([WORDS])
    samples = training(learnt, read([NAMES]), random.Random(SEED))
    data = matrix(list(samples))
    save(*learn(data, arguments.model), arguments.out)
    measured = list(measuring([row for row in rows if held_out(row)], random.Random(SEED)))
    sys.stdout.write(f"{len(data.targets)} samples, {arguments.out.stat().st_size} bytes; held out:\n")
    sys.stdout.write(report(Identifier.load(arguments.out), measured, leaning=False))
    sys.stdout.write("the same, leaning on the language of the conversation:\n")
    sys.stdout.write(report(Identifier.load(arguments.out), measured, leaning=True))


if __name__ == "__main__":
    main()
