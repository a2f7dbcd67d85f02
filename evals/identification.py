"""How often the language of a message is recognised: accuracy and a confusion table over rows {"text", "lang"}."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from assistant.clean import clean
from assistant.knowledge import LANGUAGES
from assistant.language import Identifier
from evals.jsonl import read_jsonl


@dataclass(frozen=True)
class Confusion:
    """How many texts of one language were taken for another: (language, taken for) → texts."""

    counts: Counter[tuple[str, str]]

    def accuracy(self, language: str | None = None) -> float:
        """The share taken for what they are, of one language or of all."""
        rows = {pair: n for pair, n in self.counts.items() if language in (None, pair[0])}
        return sum(n for (is_, taken), n in rows.items() if is_ == taken) / max(sum(rows.values()), 1)

    def table(self) -> Table:
        """For a terminal: a row a language, a column what it was taken for."""
        languages = sorted({language for pair in self.counts for language in pair}, key=str)
        found = Table("", *languages, "accuracy", title=f"{sum(self.counts.values())} texts: {self.accuracy():.4f}")
        for language in languages:
            cells = [str(self.counts[language, taken]) for taken in languages]
            if any(cell != "0" for cell in cells):
                found.add_row(language, *cells, f"{self.accuracy(language):.4f}")
        return found

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        languages = sorted({language for language, _ in self.counts})
        return {
            "texts": sum(self.counts.values()),
            "accuracy": self.accuracy(),
            "by_language": {language: self.accuracy(language) for language in languages},
            "confusion": {f"{is_}>{taken}": n for (is_, taken), n in sorted(self.counts.items())},
        }


def identify_all(rows: Iterable[tuple[str, str]], identifier: Identifier) -> Confusion:
    """Take every (text, language) for what it looks like by itself; "none" where there is nothing to go by."""
    return Confusion(Counter((lang, identifier.identify(clean(text)).language or "none") for text, lang in rows))


def read_texts(path: Path) -> list[tuple[str, str]]:
    """The (text, language) of a JSONL file; raises KnowledgeError with every line that is not so."""
    return [(row["text"], row["lang"]) for row in read_jsonl(path, {"text": str, "lang": LANGUAGES})]
