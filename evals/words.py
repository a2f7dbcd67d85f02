"""The words of reports, in three languages side by side (words.json)."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("words.json")


@cache
def read_words() -> Mapping[str, Mapping[str, str]]:
    """All of them, by what they are for: "metric.passed", "category.figures"."""
    found: Mapping[str, Mapping[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def say(key: str, language: str, default: str) -> str:
    """The words of a key, or what stands for it where nobody named it."""
    return read_words().get(key, {}).get(language, default)
