"""From our Markdown to messages that Telegram takes: escaping, splitting, and an outside judge over 2,000 answers."""

import random
import re
from collections.abc import Iterator

import pytest
from aiogram import Bot as JudgesBot
from aiogram.methods import SendMessage
from hypothesis import given
from hypothesis import strategies as st
from teremok.validation import ApiRuleViolation, validate_method

from assistant.contract import ChatReply
from assistant.knowledge import LANGUAGES
from assistant.phrases import TELEGRAM, Phrases
from assistant.schema import Citation
from assistant.settings import shipped
from bots.telegram.keyboards import under_answer
from bots.telegram.letter import letter
from bots.telegram.markup import runs, to_html, to_plain
from bots.telegram.split import LIMIT, split, units
from evals.botapi import plain

ANSWERS = 2000
PLACEHOLDERS = {"help": ["name"], "librarian": ["contact"], "forgotten": ["conversations", "messages"]}
PHRASES = Phrases.load(shipped("prompts"), TELEGRAM)
PIECES = [
    "Қостанай облыстық кітапханасы", "өлке тарихы", "библиотека", "«Абай»", "Ёлка", "the library's", "3\xa0887", "[1]",
    "[2].", "**қалың**", "*көлбеу*",
    "**жабылмаған", "*", "**", "_", "__", "`код`", "`", "```", "<b>", "</b>", "<script>",
    "&", "&amp;", "&lt;", "<", ">",
    '"', "'", "\\", "\u200d", "👨‍👩‍👧‍👦", "😀", "🇰🇿", "é", "\u0301", "\ufdfa", "\x00", "\x1b",
    "\ud800", "[сілтеме](https://kitap.kz/?a=1&b=<2>)", "[x](javascript:alert(1))", "[](https://a.kz)", "https://a.kz",
    "| а | б |", "|---|---|", "# Тақырып", "- бірінші", "1. екінші", "> дәйексөз", "~~", "||", "a" * 300, "🙂" * 200,
]  # fmt: skip
BREAKS = [" ", " ", " ", ". ", "\n", "\n\n", ""]
texts = st.lists(st.sampled_from(PIECES + BREAKS), max_size=60).map("".join)


def generated(count: int) -> Iterator[ChatReply]:
    """Answers of all sizes out of everything that is awkward."""
    chance = random.Random(20261127)
    for number in range(count):
        length = chance.choice([3, 10, 30, 100, 400])
        answer = "".join(chance.choice(PIECES) + chance.choice(BREAKS) for _ in range(length))
        cited = tuple(
            Citation(n=n, id="a#b", title=chance.choice(PIECES), source=chance.choice(PIECES), quote="",
                     url=chance.choice([None, "https://kitap.kz/?q=<a>&b=\"c\"", "javascript:alert(1)"]))
            for n in range(1, chance.randrange(1, 6))
        )  # fmt: skip
        yield ChatReply(
            conversation_id="c" * 22, message_id="m" * 22, language=LANGUAGES[number % 3], status="answered",
            answer=answer, citations=cited, suggestions=("Ал Қарағанды ше? " * chance.randrange(1, 9),),
        )  # fmt: skip


@pytest.fixture(scope="module")
def judge() -> JudgesBot:
    return JudgesBot("123456:judge-of-messages")


def refusal(judge: JudgesBot, **message: object) -> str | None:
    """What the outside validator says against a message."""
    try:
        validate_method(judge, SendMessage.model_validate({"chat_id": 1, "parse_mode": "HTML", **message}))
    except ApiRuleViolation as violation:
        return violation.description
    return None


def test_an_outside_validator_refuses_none_of_2000_answers(
    judge: JudgesBot, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = longest = 0
    for reply in generated(ANSWERS):
        keyboard = under_answer(reply.suggestions, reply.message_id)
        assert keyboard
        for part in split(letter(reply, PHRASES, asked="Сұрақ <b>?")):
            text = to_html(part)
            assert refusal(judge, text=text, reply_markup=keyboard.to_dict()) is None, text
            judged, longest = judged + 1, max(longest, units(text))
    with capsys.disabled():
        print(f"\n{ANSWERS} answers, {judged} messages, the longest of {longest} units: none refused")  # noqa: T201
    assert judged > ANSWERS


@pytest.mark.parametrize(
    "text", ["<b>", "<script>x</script>", "a < b", "x" * 4097, "🙂" * 2049, "<b><i>x</b></i>", "AT&T"]
)
def test_the_validator_does_refuse(judge: JudgesBot, text: str) -> None:
    assert refusal(judge, text=text)


@given(texts)
def test_html_reads_as_the_plain_text(text: str) -> None:
    written = runs(text)
    assert plain(to_html(written)) == to_plain(written)


@given(texts, st.integers(120, LIMIT))
def test_the_parts_fit_and_hold_everything_but_spaces(text: str, limit: int) -> None:
    written = runs(re.sub(r"\[сілтеме\]\S+", "сілтеме", text))  # a tag alone may be longer than such limits
    parts = split(written, limit)
    assert all(0 < units(to_html(part)) <= limit and plain(to_html(part)).strip() for part in parts)
    squeezed = re.sub(r"\s", "", "".join(to_plain(part) for part in parts))
    assert squeezed == re.sub(r"\s", "", to_plain(written))


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**қоры** шағын", "<b>қоры</b> шағын"),
        ("*сөз* `код`", "<i>сөз</i> <code>код</code>"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("[Сайт](https://a.kz/?a=1&b=2) [1]", '<a href="https://a.kz/?a=1&amp;b=2">Сайт</a> [1]'),
        ("([Сайт](https://a.kz/Абай_(ақын)))", '(<a href="https://a.kz/Абай_(ақын)">Сайт</a>)'),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("# Тақырып\n- бір\n  - екі", "<b>Тақырып</b>\n• бір\n  • екі"),
        ("| | А | Б |\n|---|---|---|\n| Жыл | 1 | 2 |", "<b>Жыл</b>\n• А: 1\n• Б: 2"),
        ("```\na < b\n**c**\n```", "<pre>a &lt; b\n**c**</pre>"),
        ("\x00a\x1bb\ud800", "ab?"),
    ],
)
def test_our_markdown(markdown: str, html: str) -> None:
    assert to_html(runs(markdown)) == html


def test_a_cut_comes_where_a_reader_pauses() -> None:
    paragraph, sentence = "Сөйлем бар. " * 8, "Сөз және сөз! "
    assert to_plain(split(runs(f"{paragraph}\n\n{paragraph}"), 150)[0]) == paragraph.strip()
    assert to_plain(split(runs(sentence * 20), 100)[0]) == (sentence * 7).strip()
    first, second, *_ = split(runs(f"**{'сөз ' * 50}**"), 100)
    assert to_html(first).endswith("сөз</b>") and to_html(second).startswith("<b>сөз")


def test_no_letter_is_parted_from_its_accents_and_no_emoji_from_its_parts() -> None:
    for cluster in ("e\u0301", "👍🏽", "👨‍👩‍👧"):
        for limit in range(20, 27):
            for part in split(runs(cluster * 40), limit):
                assert to_plain(part).replace(cluster, "") == ""


def test_every_phrase_is_a_message_that_telegram_takes(judge: JudgesBot) -> None:
    given = {"name": "ShyraqBot", "contact": "kitap@example.kz", "conversations": 2, "messages": 3}
    for key in PHRASES:
        wanted = PLACEHOLDERS.get(key, ())
        for language in LANGUAGES:
            (part,) = split(runs(PHRASES.say(key, language, **{name: given[name] for name in wanted})))
            assert refusal(judge, text=to_html(part)) is None
