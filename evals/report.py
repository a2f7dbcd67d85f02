"""A run as one HTML page that needs no network, in Kazakh, Russian or English."""

import json
from pathlib import Path
from typing import Any

from evals.words import read_words

PAGE = Path(__file__).with_name("report.html")


def page(run: dict[str, Any]) -> str:
    """The page with the run and the words in it."""
    text = PAGE.read_text(encoding="utf-8")
    return text.replace('"WORDS"', _embedded(read_words()), 1).replace('"DATA"', _embedded(run), 1)


def _embedded(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
