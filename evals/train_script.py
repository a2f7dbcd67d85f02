"""Train and measure the Latin decoder's letters.

    python -m evals.train_script FILE.jsonl… --out assistant/letters.npz

Files, licences, held-out part and determinism are those of `evals/train_language.py`. The model keeps n-grams of up to
six letters, the longest seen at least twice, none across words: no sentence can be read back from it.
"""

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.fold import fold
from assistant.knowledge import Language
from assistant.letters import LONGEST, STEPS
from assistant.script import to_cyrillic
from assistant.spellings import KAZAKH_ALPHABETS
from evals import respell
from evals.train_language import NAMES, PHRASE_WEIGHT, PHRASES, SEED, WORDS, Row, held_out, read

_WORD = re.compile("[\u0400-\u052f]+")
_DISCOUNT = 0.6
# The longest n-grams seen once are mostly names of the news.
_ONCE_UP_TO = 4


def letter_counts(rows: Iterable[Row], language: Language) -> Counter[str]:
    """How often each n-gram of letters occurs in the words of `rows`, word ends as spaces."""
    seen: Counter[str] = Counter()
    for row in rows:
        weight = PHRASE_WEIGHT if row["file"] in (PHRASES.name, NAMES.name) else 1
        for word in _WORD.findall(row.get(language, "").casefold()):
            seen[word] += weight
    counts: Counter[str] = Counter()
    for word, count in seen.items():
        padded = f" {word} "
        for end in range(2, len(padded) + 1):
            for size in range(1, min(LONGEST, end) + 1):
                counts[padded[end - size : end]] += count
    return counts


def letter_costs(counts: Counter[str]) -> dict[str, float]:
    """−log P(last letter | letters before) of each n-gram, by absolute discounting; rare long ones left out."""
    total = sum(count for gram, count in counts.items() if len(gram) == 1)
    followed: Counter[str] = Counter()
    for gram, count in counts.items():
        followed[gram[:-1]] += count
    costs = {}
    for gram, count in sorted(counts.items()):
        if len(gram) == 1:
            costs[gram] = -float(np.log(count / total))
        elif count > 1 or len(gram) <= _ONCE_UP_TO:
            costs[gram] = -float(np.log((count - _DISCOUNT) / followed[gram[:-1]]))
    return costs


def save(models: dict[Language, dict[str, float]], out: Path) -> None:
    """Write the costs in 8 bits beside their n-grams."""
    arrays = {}
    for language, costs in models.items():
        arrays[f"{language}_grams"] = np.frombuffer("\n".join(costs).encode(), dtype=np.uint8)
        arrays[f"{language}_costs"] = np.clip(np.rint(np.array(list(costs.values())) * STEPS), 0, 255).astype(np.uint8)
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]  # numpy's stub takes **kwargs for allow_pickle


def fourgrams(text: str) -> Counter[str]:
    """Letter 4-grams of the folded words, as lexical search sees a text."""
    padded = " ".join(f" {word} " for word in _WORD.findall(fold(text)))
    return Counter(padded[i : i + 4] for i in range(len(padded) - 3))


def report(rows: list[Row]) -> str:
    """By habit: words right once folded, words right to the letter, 4-grams found again."""
    habits: list[tuple[Language, str, Callable[[str, random.Random], str]]] = [
        *(("kk", f"kk, alphabet of {year}", _spelt(habit)) for year, habit in KAZAKH_ALPHABETS.items()),
        ("kk", "kk, chat Latin", lambda text, rng: respell.respell(text, respell.chat_kazakh(rng))),
        ("ru", "ru, Latin", respell.latin_russian),
    ]
    lines = [f"{'':24}{'folded':>9}{'exact':>9}{'4-grams':>9}"]
    for language, name, spell in habits:
        rng = random.Random(SEED)
        shares = np.zeros(3)
        for row in rows:
            if language in row:
                shares += _measured(row[language], to_cyrillic(spell(row[language], rng), language))
        lines.append(f"{name:24}" + "".join(f"{100 * share:9.1f}" for share in shares / shares_of(rows, language)))
    return "\n".join(lines) + "\n"


def shares_of(rows: list[Row], language: Language) -> int:
    """How many rows are in `language`."""
    return sum(language in row for row in rows)


def _spelt(habit: respell.Habit) -> Callable[[str, random.Random], str]:
    return lambda text, rng: respell.respell(text, habit)


def _measured(truth: str, found: str) -> NDArray[np.float64]:
    """Shares of `truth`'s words found folded, found exactly, and of its 4-grams found; shape (3,)."""
    pairs = [(fold(truth), fold(found)), (truth.casefold(), found.casefold())]
    words = [(Counter(_WORD.findall(a)), Counter(_WORD.findall(b))) for a, b in pairs]
    words.append((fourgrams(truth), fourgrams(found)))
    return np.array([(a & b).total() / max(1, a.total()) for a, b in words])


def main() -> None:
    """Train on what is not held out, write the model, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("assistant/letters.npz"))
    arguments = parser.parse_args()
    rows = read([*sorted(arguments.files), PHRASES])
    learnt = [row for row in rows if not held_out(row)] + read([WORDS, NAMES])
    languages: tuple[Language, ...] = ("kk", "ru")
    models = {language: letter_costs(letter_counts(learnt, language)) for language in languages}
    save(models, arguments.out)
    sizes = ", ".join(f"{language} {len(costs)} n-grams" for language, costs in models.items())
    sys.stdout.write(f"{sizes}, {arguments.out.stat().st_size} bytes; held out:\n")
    sys.stdout.write(report([row for row in rows if held_out(row)]))


if __name__ == "__main__":
    main()
