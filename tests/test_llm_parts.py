"""What the LLM writer is made of, part by part: claims, instructions, budget, breaker, masking."""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest

from assistant.breaker import FAILURES, REST_SECONDS, Breaker
from assistant.budget import Budget
from assistant.claims import Claims, ordinary_words, unsaid
from assistant.clauses import is_held, marks
from assistant.errors import KnowledgeError, SettingsError
from assistant.instructions import Instructions, fenced
from assistant.knowledge import LANGUAGES, Language, load
from assistant.language import Identifier
from assistant.numbers import spotted
from assistant.personal import masked
from assistant.schema import Citation
from assistant.sentences import coming, parted
from assistant.settings import ROOT, read_settings
from assistant.writer import mark

INSTRUCTIONS = Instructions.load(ROOT / "prompts")
QUOTES: dict[Language, str] = {
    "kk": "Абай атындағы кітапхана 1894 жылы ашылды. Қорында 57 мың кітап бар, ол балаларға арналған.",
    "ru": "Библиотека имени Абая открыта в 1894 году. В фонде 57 тысяч книг, она работает для детей.",
    "en": "The Abai Library opened in 1894. It holds 57 thousand books and serves children; see https://lib.example/abai.",
}


def claims(language: Language, quote: str | None = None) -> Claims:
    title = {"kk": "Кітапхана", "ru": "Библиотека", "en": "Library"}[language]
    cited = Citation(n=1, id="a#1", title=title, source="DosAI", url=None, quote=quote or QUOTES[language])
    ordinary = ordinary_words(
        [*QUOTES.values(), "many young readers come with, много юных читателей, көп жас оқырман келеді"]
    )
    return Claims({1: cited}, Identifier.load(), ordinary, INSTRUCTIONS.reading(language))


# --- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Абай атындағы кітапхана 1894 жылы ашылған [1].", "kk"),
        ("Қорында 57 000 кітап бар [1].", "kk"),
        ("Библиотеку имени Абая открыли в 1894 году [1].", "ru"),
        ("В её фонде 57 000 книг [1].", "ru"),
        ("The library of Abai opened in 1894 [1].", "en"),
        ("It holds 57,000 books [1].", "en"),
        ("It serves many children, see https://lib.example/abai [1].", "en"),
    ],
)
def test_the_same_in_other_words_may_be_said(said: str, language: Language) -> None:
    assert claims(language).fault(said) is None


@pytest.mark.parametrize(
    ("said", "language", "fault"),
    [
        ("It holds 57 thousand books.", "en", "uncited"),
        ("It holds 58 thousand books [1].", "en", "unsupported"),
        ("The Abai Library opened in 1994 [1].", "en", "unsupported"),
        ("The Abai Library of Askar Mamin opened in 1894 [1].", "en", "unsupported"),
        ("Mamin opened the library for children in 1894 with books [1].", "en", "named"),
        ("The library never opened for children [1].", "en", "turned"),
        ("The Abai Library didn't open in 1894 [1].", "en", "turned"),
        ("It holds all books for children [1].", "en", "turned"),
        ("It holds five books for children [1].", "en", "turned"),
        ("Entry to the library is free [1].", "en", "turned"),
        ("Readers may drink coffee in its garden [1].", "en", "foreign"),
        ("Yes [1].", "en", "foreign"),
        ("Да [1].", "ru", "foreign"),
        ("Иә [1].", "kk", "foreign"),
        ("No [1].", "en", "turned"),
        ("Нет [1].", "ru", "turned"),
        ("Жоқ [1].", "kk", "turned"),
        ("It is so [1].", "en", "foreign"),
        ("Yes, it holds books [1].", "en", "named"),
        ("It has a bar and a spa for children [1].", "en", "foreign"),
        ("The Abai Library holds 1894 books [1].", "en", "moved"),
        ("Библиотека имени Абая открыта 57 тысяч [1].", "ru", "moved"),
        ("В фонде библиотеки 1894 книги [1].", "ru", "moved"),
        ("Қорында 1894 кітап бар [1].", "kk", "moved"),
        ("The Abai Library opened on 12.12.1894 [1].", "en", "unsupported"),
        ("Абай атындағы кітапхана 1894 жылы ашылмады [1].", "kk", "turned"),
        ("Балаларға арналмаған кітапхана [1].", "kk", "turned"),
        ("Қорында 57 мың кітап болмады [1].", "kk", "turned"),
        ("It holds 57 thousand bооks [1].", "en", "foreign"),  # two Cyrillic letters
        ("It holds books <b>for children</b> [1].", "en", "markup"),
        ("It holds [books](https://lib.example/abai) [1].", "en", "markup"),
        ("It holds books ![x](x) [1].", "en", "markup"),
        ("It holds books, see evil.example [1].", "en", "markup"),
        ("It holds books, see https://evil.example [1].", "en", "markup"),
        ("It holds books, see evil。example/abai [1].", "en", "markup"),
        ("It holds books, see javascript:alert [1].", "en", "markup"),
        ("It holds books, write to me@lib.example [1].", "en", "markup"),
        ("It holds books &lt;script&gt; [1].", "en", "markup"),
        ("В её фонде 57 тысяч книг [1].", "en", "language"),
        ("It holds many books for children [1].", "ru", "language"),
        ("Қорында кітап жоқ, ол балаларға арналған [1].", "kk", "turned"),
        ("Кітапхана тегін, ол балаларға арналған [1].", "kk", "turned"),
        ("Абай атындағы кітапхана жабылды [1].", "kk", "turned"),
        ("Библиотека имени Абая не открыта [1].", "ru", "turned"),
        ("Библиотека имени Абая закрыта для детей [1].", "ru", "turned"),
        ("В фонде две книги для детей [1].", "ru", "turned"),
        ("Библиотека имени Достоевского открыта в 1894 году [1].", "ru", "unsupported"),
    ],
)
def test_another_fact_may_not(said: str, language: Language, fault: str) -> None:
    assert claims(language).fault(said) == fault


DENYING: dict[Language, str] = {
    "kk": "Кітапхана балаларға арналған, залы үлкен, бірақ киноматериалдар онда жоқ. Ол жексенбіде ашылмайды.",
    "ru": "Библиотека не работает в воскресенье. В ней есть зал для детей, но мебель неудобна. Это не музей.",
    "en": "The library is not open on Sundays. Its hall for children is unpopular. It is not only a museum.",
}


@pytest.mark.parametrize(
    ("said", "language", "fault"),
    [
        ("The library is not open on Sundays [1].", "en", None),
        ("On Sundays the library isn't open [1].", "en", None),
        ("The library is open on Sundays [1].", "en", "turned"),
        ("The library has not a hall for children [1].", "en", "moved"),
        ("Its hall for children is popular [1].", "en", "turned"),
        ("It is a museum [1].", "en", None),
        ("В воскресенье библиотека не работает [1].", "ru", None),
        ("Библиотека работает в воскресенье [1].", "ru", "turned"),
        ("В библиотеке не зал для детей [1].", "ru", "moved"),
        ("В зале для детей удобная мебель [1].", "ru", "turned"),
        ("Бұл кітапхана балаларға арналған, киноматериалдар жоқ [1].", "kk", None),
        ("Кітапханада киноматериалдар бар [1].", "kk", "turned"),
        ("Кітапхана жексенбіде ашылады [1].", "kk", "turned"),
        ("Кітапханада зал жоқ [1].", "kk", "moved"),
    ],
)
def test_a_denial_is_neither_left_out_nor_moved(said: str, language: Language, fault: str | None) -> None:
    assert claims(language, DENYING[language]).fault(said) == fault


@pytest.mark.parametrize(("day", "fault"), [("Mondays", None), ("Sundays", "turned")])
def test_what_is_denied_of_one_thing_may_be_said_of_another(day: str, fault: str | None) -> None:
    quote = "The library is open on Mondays, but it is not open on Sundays."
    assert claims("en", quote).fault(f"The library is open on {day} [1].") == fault


SERIES: dict[Language, str] = {
    "kk": "Келушілер саны 2014 жылғы 95 842-ден 2015 жылы 104 440-қа жетті. Оқырмандардың 6,2 %-ы — балалар.",
    "ru": "Число посетителей выросло с 95 842 в 2014 году до 104 440 в 2015 году. Дети составляют 6,2 % читателей.",
    "en": "Visitors rose from 95,842 in 2014 to 104,440 in 2015. Children are 6.2% of readers.",
}


@pytest.mark.parametrize(
    ("said", "language", "fault"),
    [
        ("In 2015 there were 104,440 visitors [1].", "en", None),
        ("In 2015 there were 95,842 visitors [1].", "en", "moved"),
        ("Visitors rose to 104,440 in 2015 from 95,842 in 2014 [1].", "en", None),
        ("Visitors rose from 104,440 in 2014 to 95,842 in 2015 [1].", "en", "moved"),
        ("Of readers, 6.2 percent are children [1].", "en", None),
        ("There are 6.2 children [1].", "en", "moved"),
        ("В 2015 году посетителей было 104 440 [1].", "ru", None),
        ("В 2014 году посетителей было 104 440 [1].", "ru", "moved"),
        ("6,2 процента читателей — дети [1].", "ru", None),
        ("2015 жылы келушілер 104 440-қа жетті [1].", "kk", None),
        ("2015 жылы келушілер 95 842-ге жетті [1].", "kk", "moved"),
        ("Оқырмандардың 6,2 пайызы балалар [1].", "kk", None),
    ],
)
def test_a_number_stays_with_its_year_and_its_share(said: str, language: Language, fault: str | None) -> None:
    assert claims(language, SERIES[language]).fault(said) == fault


def exchanged(text: str, language: Language) -> Iterator[list[str]]:
    """The sentences that change when two numbers of a text are exchanged, for every pair."""
    before = {part for line in text.split("\n") for part in parted(line)}
    for (start, end, one), (begin, stop, other) in combinations(spotted(text, language), 2):
        if one != other:
            said = text[:start] + text[begin:stop] + text[end:begin] + text[start:end] + text[stop:]
            yield [part for line in said.split("\n") for part in parted(line) if part not in before]


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_exchanged_numbers_are_noticed(language: Language) -> None:
    """Every pair of every aspect; what is left are ranges, and sentences that are none any more."""
    knowledge, reading = load(ROOT / "knowledge"), INSTRUCTIONS.reading(language)
    noticed = []
    for text in (aspect.text[language] for entry in knowledge.entries for aspect in entry.aspects):
        held = marks(text, reading, wide=True)
        for parts in exchanged(text, language):
            found = [mark for part in parts for mark in marks(part, reading, wide=False)]
            noticed.append(not all(is_held(mark, held) for mark in found))
    assert len(noticed) > 250 and sum(noticed) > 0.7 * len(noticed), f"{sum(noticed)} of {len(noticed)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_the_knowledge_says_may_be_said_of_itself(language: Language) -> None:
    """Of every sentence of every aspect: a perfect model never falls back."""
    knowledge = load(ROOT / "knowledge")
    texts = [(entry.title[language], aspect.text[language]) for entry in knowledge.entries for aspect in entry.aspects]
    ordinary, reading = ordinary_words(text for _, text in texts), INSTRUCTIONS.reading(language)
    faults = []
    for title, text in texts:
        cited = {1: Citation(n=1, id="a", title=title, source="s", url=None, quote=text)}
        held = Claims(cited, Identifier.load(), ordinary, reading)
        marked = mark(text, 1)
        faults += [(held.fault(part), part) for _, part in coming([marked]) if held.fault(part)]
        assert unsaid(marked, marked, language) == ""
    assert faults == []


def test_what_a_text_leaves_out_is_found() -> None:
    answer = mark(QUOTES["en"], 1)
    books = "It holds 57 thousand books and serves children; see https://lib.example/abai [1]."
    assert unsaid(answer, "The Abai Library opened in 1894 [1].", "en") == books
    assert unsaid(answer, "The library opened long ago and has books [1].", "en") == answer
    assert (
        unsaid("- One thing [1]\n- Another [1]\n\nThe end [1].", "Another.", "en") == "- One thing [1]\n\nThe end [1]."
    )


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_sentences_come_as_they_end_however_a_text_is_cut(size: int) -> None:
    text = "One. [1] Two, said A. B. Smith [1, 2].\nThree? [3]\n\n- four [1]\n- five [2]"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(coming(pieces)) == [
        ("", "One [1]."),
        (" ", "Two, said A. B. Smith [1] [2]."),
        ("\n", "Three [3]?"),
        ("\n\n", "- four [1]"),
        ("\n", "- five [2]"),
    ]


# --- instructions ----------------------------------------------------------------------------------------------------


def test_every_fault_of_the_instructions_is_told_with_its_line(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    (folder / "llm-writer.md").write_text("Write in $language.\n\nBe $kind, or pay $5.\n", encoding="utf-8")
    (folder / "llm-evidence.md").write_text("Evidence: $evidence\n", encoding="utf-8")
    (folder / "llm-again.md").unlink()
    (folder / "llm-followup.md").write_bytes("Сұрақ $history $message".encode("utf-16"))
    (folder / "llm-words.yaml").write_text("languages: {kk: K, ru: R}\nguarded: {}\n", encoding="utf-8")
    with pytest.raises(KnowledgeError) as wrong:
        Instructions.load(folder)
    told = wrong.value.problems
    assert "llm-writer.md:3: found $kind; expected $language" in told
    assert "llm-writer.md:3: found a $ by itself; expected $language, or $$ for a dollar sign" in told
    assert "llm-evidence.md:1: $question is missing; expected $evidence, $language, $question" in told
    assert any(problem.startswith("llm-again.md:1: this file cannot be read") for problem in told)
    assert any(problem.startswith("llm-followup.md:1: this file is not UTF-8 text") for problem in told)
    assert any(problem.startswith("llm-words.yaml:1: ") and "'languages.en'" in problem for problem in told)


def test_data_cannot_close_their_fence() -> None:
    assert fenced(1, "a ⟦/1⟧ b") == "⟦1⟧\na /1 b\n⟦/1⟧"


# --- breaker and budget ----------------------------------------------------------------------------------------------


def test_a_breaker_opens_rests_and_lets_one_try() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(FAILURES):
        assert breaker.enter()
        breaker.fail()
    assert breaker.is_open and not breaker.enter()
    now[0] += REST_SECONDS
    assert breaker.enter() and not breaker.enter(), "one tries, the others wait to see"
    breaker.fail()
    assert not breaker.enter()
    now[0] += REST_SECONDS
    assert breaker.enter()
    breaker.leave()
    assert breaker.enter(), "who left learnt nothing: another tries"
    breaker.succeed()
    assert breaker.enter() and breaker.enter() and not breaker.is_open


def test_a_breaker_forgets_failures_between_which_it_went_well() -> None:
    breaker = Breaker()
    for _ in range(3 * FAILURES):
        breaker.fail()
        breaker.succeed()
    assert breaker.enter()


def test_a_budget_outlives_restarts_and_ends_at_midnight(tmp_path: Path) -> None:
    path, day = tmp_path / "data" / "usage.json", [date(2026, 1, 1)]

    def opened() -> Budget:
        return Budget(path, tokens=1000, spend=0, prices=(0, 0), day=lambda: day[0])

    opened().add(600, 300)
    assert opened().usage.tokens == 900 and not opened().is_spent
    opened().add(100, 0)
    assert opened().is_spent
    day[0] = date(2026, 1, 2)
    assert not opened().is_spent and opened().usage.tokens == 0


def test_money_is_counted_by_its_prices(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "usage.json", tokens=0, spend=1.0, prices=(0.5, 2.0))
    budget.add(1_000_000, 240_000)
    assert budget.usage.spent == pytest.approx(0.98) and not budget.is_spent
    budget.add(0, 10_000)
    assert budget.is_spent


TODAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"day": 1, "more": 2}',
        b'{"day": "2026-01-01", "tokens": "7", "spent": 0.5}',
        b'{"day": "2026-01-01", "tokens": null}',
        b'{"day": "2026-01-01", "tokens": [7], "spent": {}}',
        b'{"day": "2026-01-01", "tokens": 7, "spent": NaN}',
        b'{"day": "2026-01-01", "tokens": -7}',
        b'{"day": "2026-01-01", "tokens": true}',
    ],
)
def test_a_damaged_count_is_kept_aside_and_begins_anew(
    tmp_path: Path, kept: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "usage.json"
    path.write_bytes(kept)
    for _ in range(2):
        budget = Budget(path, tokens=10, spend=1, prices=(0, 0), day=lambda: TODAY)
        assert not budget.is_spent
    budget.add(10, 0)
    assert budget.is_spent
    assert (tmp_path / "usage.damaged").read_bytes() == kept and len(caplog.records) == 1
    assert Budget(path, tokens=10, spend=1, prices=(0, 0), day=lambda: TODAY).is_spent


def test_a_lost_disk_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    path.mkdir()
    budget = Budget(path, tokens=10, spend=0, prices=(0, 0))
    budget.add(10, 0)
    assert budget.is_spent


def test_the_count_is_a_file_that_people_can_read(tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    Budget(path, tokens=10, spend=0, prices=(0, 0), day=lambda: date(2026, 1, 1)).add(3, 4)
    assert json.loads(path.read_text(encoding="utf-8")) == {"day": "2026-01-01", "tokens": 7, "spent": 0.0}


# --- personal data ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Менің ЖСН 900101300017, жазып қой", "Менің ЖСН [IIN], жазып қой"),
        ("мой ИИН 990101350012", "мой ИИН [IIN]"),
        ("мой ИИН 990101 350012", "мой ИИН [IIN]"),
        ("ЖСН: 900101-300017.", "ЖСН: [IIN]."),
        ("звоните +7 701 123 45 67", "звоните [PHONE]"),
        ("87011234567 нөмірі", "[PHONE] нөмірі"),
        ("карта 4111 1111 1111 1111", "карта [CARD]"),
        ("почта ivan.petrov@mail.kz, жду", "почта [EMAIL], жду"),
        ("call +1 415 555 0132", "call [PHONE]"),
    ],
)
def test_personal_data_are_masked(text: str, left: str) -> None:
    assert masked(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "ISBN 978-5-17-118366-5",
        "ISBN 9785171183665",
        "900101 300011",
        "900101300011",  # an IIN in all but its check digit
        "В 2013, 2014, 2015 и 2016 годах",
        "3 887 библиотек, 57 000 000 экземпляров",
        "Инв. номер 123456789012, шифр 84(5Қаз)6-44",
        "Абай атындағы кітапхана",
    ],
)
def test_what_a_library_counts_and_files_is_not(text: str) -> None:
    assert masked(text) == text


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("llm", "gpt-4"),
        ("llm", ":x"),
        ("llm_base_url", "127.0.0.1:8080"),
        ("llm_base_url", "http://127.0.0.1:port/v1"),
        ("llm_base_url", "http://[::1/v1"),
        ("llm_base_url", "http://host:99999/v1"),
        ("llm_concurrency", 0),
        ("llm_daily_tokens", -1),
        ("llm_daily_spend", "inf"),
        ("llm_daily_spend", "5"),  # without prices
        ("llm_prices", "1"),
        ("llm_prices", "-1,2"),
    ],
)
def test_a_wrong_setting_is_told_with_what_is_expected(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"SHYRAQ_{name.upper()}: found .*; expected "):
        read_settings(_env_file=None, **{name: value})


def test_an_unknown_provider_is_told_at_start(tmp_path: Path) -> None:
    from assistant.llm import open_chat

    with pytest.raises(SettingsError, match="SHYRAQ_LLM: found 'nobody:x'"):
        open_chat(read_settings(_env_file=None, data_dir=tmp_path, llm="nobody:x"))


def test_a_wrong_address_is_not_told_as_a_wrong_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.llm import open_chat

    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:secret@host:port/v1")
    settings = read_settings(_env_file=None, data_dir=tmp_path, llm="openai:x", llm_api_key="k")
    with pytest.raises(SettingsError, match="OPENAI_BASE_URL: .*; expected http://") as wrong:
        open_chat(settings)
    assert "API_KEY" not in str(wrong.value) and "secret" not in str(wrong.value)


def test_a_missing_key_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.llm import open_chat

    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="SHYRAQ_LLM_API_KEY: "):
        open_chat(read_settings(_env_file=None, data_dir=tmp_path, llm="openai:x"))


def test_a_key_stays_out_of_messages() -> None:
    settings = read_settings(_env_file=None, llm="openai:x", llm_api_key="sk-secret")
    assert "sk-secret" not in repr(settings) and "sk-secret" not in str(settings)
