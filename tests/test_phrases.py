"""Fixed phrases: complete, consistent, and every key that the code names exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import KnowledgeError
from assistant.knowledge import LANGUAGES
from assistant.pages import PAGE_WORDS, WIDGET, WIDGET_WORDS, page_phrases
from assistant.phrases import TELEGRAM, Phrases, Placeholders
from assistant.settings import ROOT, shipped
from bots.telegram.commands import MENU
from bots.telegram.keyboards import REASONS
from bots.telegram.words import WORDS

GOOD = "hello:\n  kk: Сәлем, $name\n  ru: Привет, $name\n  en: Hello, $name\n"


def written(folder: Path, text: str) -> Path:
    (folder / "phrases.yaml").write_text(text, encoding="utf-8")
    return folder


def keys_in_code() -> Iterator[str]:
    """The keys that `say("…"`, `RequestError("…"` and `fault("…"` name anywhere in the code."""
    for path in [*(ROOT / "assistant").rglob("*.py"), *(ROOT / "ingest").rglob("*.py")]:
        yield from re.findall(r"\b(?:say|RequestError|Refusal)\(\s*\"([a-z_0-9]+)\"", path.read_text(encoding="utf-8"))
        yield from re.findall(r"__init__\(\"([a-z_]+)\", \d{3}\)", path.read_text(encoding="utf-8"))


def test_every_key_that_code_names_exists() -> None:
    keys = set(keys_in_code())
    assert "not_found" in keys
    assert keys - set(Phrases.load(shipped("prompts"))) == set()


def test_every_key_that_the_telegram_bot_names_exists_and_no_other() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bots" / "telegram").glob("*.py"))
    keys = set(Phrases.load(shipped("prompts"), TELEGRAM))
    named = set(re.findall(r"\bsay\(\s*\"([a-z_0-9]+)\"", code))
    made = {f"command_{name}" for name in MENU} | {f"reason_{name}" for name in REASONS}
    assert named | made <= keys
    assert {key for key in keys - made if f'"{key}"' not in code} == set(), "a phrase that nothing says"


def test_says_in_each_language(tmp_path: Path) -> None:
    phrases = Phrases.load(written(tmp_path, GOOD))
    said = [phrases.say("hello", language, name="Абай") for language in LANGUAGES]
    assert said == ["Сәлем, Абай", "Привет, Абай", "Hello, Абай"]


def test_a_value_is_never_read_as_a_template(tmp_path: Path) -> None:
    phrases = Phrases.load(written(tmp_path, GOOD))
    assert phrases.say("hello", "en", name="$name ${x} $$") == "Hello, $name ${x} $$"


def test_numbers_and_yes_or_no_are_texts(tmp_path: Path) -> None:
    phrases = Phrases.load(written(tmp_path, "a: {kk: 5, ru: да, en: no}"))
    assert (phrases.say("a", "kk"), phrases.say("a", "en")) == ("5", "no")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD.replace("  ru: Привет, $name\n", ""), "phrases.yaml:1: phrase 'hello': 'ru' is missing"),
        (GOOD.replace("Привет, $name", "'  '"), "phrases.yaml:1: phrase 'hello': 'ru' is missing"),
        (GOOD.replace("Привет, $name", "Привет"), "phrases.yaml:1: phrase 'hello': the placeholders differ"),
        (GOOD.replace("$name", "$$name").replace("Hello, $$", "Hello, $5 "), "'en': a $ must begin a $name"),
        (GOOD + "  de: Hallo, $name\n", "phrases.yaml:1: phrase 'hello': found 'de'"),
        (GOOD + GOOD, "phrases.yaml:5: phrase 'hello' already stands at phrases.yaml:1"),
        (GOOD + "bye: Сау бол\n", "phrases.yaml:5: phrase 'bye': expected keys with values"),
        ("", "phrases.yaml: expected keys with values"),
        (GOOD + "bye: [", "phrases.yaml:5: this is not valid YAML"),
        (GOOD + "bye: {kk: [a], ru: б, en: c}", "phrases.yaml:5: phrase 'bye': 'kk' is missing"),
    ],
)
def test_a_problem_names_file_line_and_what_is_expected(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError) as caught:
        Phrases.load(written(tmp_path, text))
    assert any(problem in line for line in caught.value.problems), caught.value.problems


def test_missing_file_and_wrong_encoding_are_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="does not exist"):
        Phrases.load(tmp_path)
    (tmp_path / "phrases.yaml").write_bytes(GOOD.encode("cp1251", "replace"))
    with pytest.raises(KnowledgeError, match="UTF-8"):
        Phrases.load(tmp_path)


def test_unknown_key_and_wrong_placeholders_are_named(tmp_path: Path) -> None:
    phrases = Phrases.load(written(tmp_path, GOOD))
    with pytest.raises(KnowledgeError, match="phrase 'bye' is missing"):
        phrases.say("bye", "en")
    with pytest.raises(KnowledgeError, match=r"phrases.yaml:1: phrase 'hello': expected these placeholders: \$who"):
        phrases.say("hello", "en", who="x")


CHANNELS = [(WIDGET_WORDS, WIDGET), (PAGE_WORDS, page_phrases()), (TELEGRAM, WORDS)]


@pytest.mark.parametrize(("file", "needed"), CHANNELS)
def test_what_a_channel_needs_is_what_ships(file: str, needed: Placeholders) -> None:
    assert set(Phrases.load(shipped("prompts"), file, needed)) == set(needed)


@pytest.mark.parametrize(("file", "needed"), CHANNELS)
def test_what_a_channel_needs_and_lacks_is_named(tmp_path: Path, file: str, needed: Placeholders) -> None:
    (tmp_path / file).write_text("x: {kk: а, ru: б, en: c}", encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        Phrases.load(tmp_path, file, needed)
    assert caught.value.problems == [
        f"{file}:1: phrase '{key}' is missing; expected it in kk, ru and en" for key in needed
    ]


def test_a_placeholder_that_is_lacking_in_all_languages_is_named(tmp_path: Path) -> None:
    needed = {"hello": frozenset({"name", "hour"}), "bye": frozenset[str]()}
    text = GOOD + "bye:\n  kk: Сау бол, $name\n  ru: Пока, $name\n  en: Bye, $name\n"
    with pytest.raises(KnowledgeError) as caught:
        Phrases.load(written(tmp_path, text), needed=needed)
    assert caught.value.problems == [
        "phrases.yaml:1: phrase 'hello': expected these placeholders: $hour, $name",
        "phrases.yaml:5: phrase 'bye': expected these placeholders: none",
    ]


@given(st.text(alphabet=st.sampled_from("ab: -$\n{}[]\"'#&*!|>%@`,?\t"), max_size=60))
def test_any_file_loads_or_says_what_is_wrong(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = written(tmp_path_factory.getbasetemp(), text)
    try:
        Phrases.load(folder)
    except KnowledgeError as error:
        assert error.problems
