"""The built-in writer over all of the shipped knowledge: every sentence cited, and grounded as it stands."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest

from assistant.ask import Librarian
from assistant.grounding import grounded
from assistant.index import Index
from assistant.knowledge import LANGUAGES, Language
from assistant.schema import Plan
from assistant.sentences import sentences
from assistant.writer import SUGGESTIONS, Draft, Writer, mark

ITEM = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s")
ENDS_CITED = re.compile(r"\[\d+\][.!?…:;]*[»”\")]*$")


def writer_of(librarian: Librarian, contact: str | None = None) -> Writer:
    index: Index = librarian.shelf.index()
    return Writer(index.catalogue, index.documents, librarian.phrases, librarian.dialogue, contact)


@pytest.fixture
def writer(librarian: Librarian) -> Writer:
    return writer_of(librarian)


def grounded_draft(draft: Draft, granted: str = "") -> str:
    cited = {citation.n: citation for citation in draft.citations.values()}
    return grounded(draft.text, cited, draft.language, frozenset(draft.derived), granted)


def uncited(text: str) -> Iterator[str]:
    """The sentences and list items that do not end with a marker."""
    for line in filter(str.strip, text.split("\n")):
        parts = [line] if ITEM.match(line) else sentences(line)
        yield from (part for part in parts if not ENDS_CITED.search(part))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_aspect_is_said_with_its_citation(writer: Writer, language: Language) -> None:
    faults = []
    for aspect in writer.catalogue.known:
        draft = writer.write([Plan(kind="aspects", aspects=(aspect,))], language)
        faults += [f"{aspect}: not cited: {part}" for part in uncited(draft.text)]
        if (left := grounded_draft(draft)) != draft.text:
            faults.append(f"{aspect}: grounding changed it: {draft.text!r} → {left!r}")
        if "  " in draft.text or re.search(r"\s[.,;!?](?!\.)|\[\d+\]\[|\.\.(?!\.)", draft.text):
            faults.append(f"{aspect}: spaces or marks: {draft.text!r}")
        if len(draft.suggestions) > SUGGESTIONS or len(set(draft.suggestions)) < len(draft.suggestions):
            faults.append(f"{aspect}: suggestions: {draft.suggestions}")
        if [citation.id for citation in draft.citations.values()] != [aspect]:
            faults.append(f"{aspect}: citations: {list(draft.citations)}")
    assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pair_of_neighbours_is_compared_in_two_paragraphs(writer: Writer, language: Language) -> None:
    libraries = [writer.catalogue.by_entry[entry.id][0].id for entry in writer.catalogue.libraries()]
    for one, other in zip(libraries, libraries[1:], strict=False):
        draft = writer.write([Plan(kind="compare", aspects=(one, other))], language)
        first, second = draft.text.split("\n\n")
        assert set(re.findall(r"\[(\d+)\]", first)) == {"1"} and set(re.findall(r"\[(\d+)\]", second)) == {"2"}
        assert grounded_draft(draft) == draft.text


@pytest.mark.parametrize("kind", ["list", "count"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_facet_is_listed_and_counted(writer: Writer, language: Language, kind: Literal["list", "count"]) -> None:
    for facet, value in writer.catalogue.facets:
        entries = [entry for entry in writer.catalogue.libraries() if value in entry.facets.get(facet, ())]
        if not entries:
            continue
        proofs = tuple(writer.catalogue.by_entry[entry.id][0].id for entry in entries)
        names = tuple(entry.id for entry in entries)
        plan = Plan(kind=kind, aspects=proofs, entries=names, facets=(f"{facet}:{value}",))
        draft = writer.write([plan], language)
        heading, *items = draft.text.split("\n")
        assert str(len(entries)) in heading and heading.endswith(":")
        assert [item.rpartition(" [")[0] for item in items] == [f"- {entry.title[language]}" for entry in entries]
        assert not list(uncited("\n".join(items)))
        assert grounded_draft(draft) == draft.text
        assert len(draft.suggestions) == len(set(draft.suggestions)) == SUGGESTIONS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_names_its_places(writer: Writer, language: Language) -> None:
    aspect = writer.catalogue.by_entry["pavlodar-regional-library"][0].id
    plan = Plan(kind="list", aspects=(aspect,), entries=("pavlodar-regional-library",), places=("pavlodar",))
    draft = writer.write([plan], language)
    assert f"({writer.catalogue.places['pavlodar'].title[language]})" in draft.text.split("\n")[0]
    assert grounded_draft(draft) == draft.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_gap_is_named_with_what_to_do_next(librarian: Librarian, language: Language) -> None:
    contact = "librarian@lib.example"
    writer, plain = writer_of(librarian, contact), writer_of(librarian)
    for topic in writer.catalogue.topics.values():
        if not topic.missing:
            continue
        plan = Plan(kind="unknown", topic=topic.id)
        draft = writer.write([plan], language)
        assert draft.status == "unknown" and not draft.citations
        assert draft.text.startswith(topic.missing[language])
        assert (contact in draft.text) is not topic.elsewhere
        assert contact not in plain.write([plan], language).text
        assert plain.write([plan], language).text == grounded_draft(plain.write([plan], language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contact_survives_grounding(librarian: Librarian, language: Language) -> None:
    contact = "librarian@lib.example, +7 7172 000 000"
    draft = writer_of(librarian, contact).write([Plan(kind="unknown")], language)
    assert grounded_draft(draft, contact) == draft.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_unknown_tells_the_nearest(writer: Writer, language: Language) -> None:
    plan = Plan(kind="unknown", aspects=("pavlodar-regional-library#overview",))
    draft = writer.write([plan], language)
    assert draft.status == "unknown"
    assert draft.text.split("\n\n")[1].startswith(writer.phrases.say("nearest", language))
    assert grounded_draft(draft) == draft.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_clarify_offers_the_choices_as_buttons(writer: Writer, language: Language) -> None:
    entries = ("kazakh-national-library", "national-academic-library")
    draft = writer.write([Plan(kind="clarify", entries=entries)], language)
    titles = [writer.catalogue.entries[entry].title[language] for entry in entries]
    assert draft.status == "clarify" and draft.suggestions == titles
    assert all(f"- {title}" in draft.text for title in titles)
    assert grounded_draft(draft) == draft.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_small_talk_varies_and_survives_grounding(writer: Writer, language: Language) -> None:
    for name, intent in writer.dialogue.intents.items():
        for turn in range(max(1, len(intent.replies[language]))):
            draft = writer.write([Plan(kind="intent", topic=name)], language, turn)
            assert draft.status == intent.status and grounded_draft(draft) == draft.text


def test_two_plans_are_said_one_after_another_and_cited_apart(writer: Writer) -> None:
    plans = [
        Plan(kind="aspects", aspects=("pavlodar-regional-library#strength",)),
        Plan(kind="aspects", aspects=("karaganda-regional-library#strength", "pavlodar-regional-library#strength")),
    ]
    draft = writer.write(plans, "en")
    assert re.findall(r"\[(\d)\]\.?$", draft.text, re.MULTILINE) == ["1", "2", "1"]
    assert [citation.n for citation in draft.citations.values()] == [1, 2]


def test_one_known_part_makes_an_answer(writer: Writer) -> None:
    known, unknown = Plan(kind="aspects", aspects=("dosai#overview",)), Plan(kind="unknown")
    assert writer.write([unknown, known], "ru").status == "answered"
    assert writer.write([unknown, unknown], "ru").status == "unknown"


@pytest.mark.parametrize("language", LANGUAGES)
def test_buttons_are_questions_or_requests_that_end_rightly(writer: Writer, language: Language) -> None:
    asked = set()
    for aspect in writer.catalogue.known:
        asked.update(writer.write([Plan(kind="aspects", aspects=(aspect,))], language).suggestions)
    requests = re.compile(r"(?:Расскажи|Tell me).*\?$|.*айтып бер(?:іңіз)?(?:ші)?\?$")
    assert [text for text in asked if requests.match(text)] == []
    assert all(text[0] == text[0].upper() and text[-1] in "?.!" for text in asked)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Раз. Два!", "Раз [3]. Два [3]!"),
        ("Тізім:\n- бірі\n- екісі;\n1. үшіншісі.", "Тізім [3]:\n- бірі [3]\n- екісі [3];\n1. үшіншісі [3]."),
        ("A. S. Pushkin wrote.", "A. S. Pushkin wrote [3]."),
        ("Без точки", "Без точки [3]"),
        ("Раз.\n\nДва.", "Раз [3].\n\nДва [3]."),
        ("Он сказал «да!»", "Он сказал «да!» [3]"),
    ],
)
def test_mark_stands_before_the_full_stop(text: str, marked: str) -> None:
    assert mark(text, 3) == marked
