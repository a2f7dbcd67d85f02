"""What librarians write is checked before it is indexed: every fault is named with its file and line."""

import re
from pathlib import Path

import pytest

from assistant.errors import KnowledgeError
from assistant.knowledge import LANGUAGES, Knowledge, load
from assistant.settings import ROOT
from tests.tiny import FILES

LAKE = "libraries/lake.yaml"
LAKE_QUESTIONS = "      en: [Tell me about Lake Library, How many books does Lake Library hold]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A knowledge folder without a fault."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def faults(folder: Path) -> list[str]:
    """Every problem that loading reports."""
    with pytest.raises(KnowledgeError) as caught:
        load(folder)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_folder_without_a_fault(folder: Path) -> None:
    knowledge = load(folder)
    assert [entry.id for entry in knowledge.entries] == ["reading", "bookmark", "lake"]
    lake = knowledge.entries[2]
    assert lake.title["kk"] == "Көл кітапханасы"
    assert lake.names("en") == ("Lake Library",)
    assert lake.aspects[0].questions["ru"][0] == "Расскажите об Озёрной библиотеке"
    assert knowledge.topics[1].missing


@pytest.fixture(scope="module")
def shipped() -> Knowledge:
    return load(ROOT / "knowledge")


def test_the_shipped_knowledge_is_without_a_fault(shipped: Knowledge) -> None:
    assert sum(entry.kind == "library" for entry in shipped.entries) >= 31
    for entry in shipped.entries:
        for aspect in entry.aspects:
            assert all(aspect.text[language] and aspect.questions[language] for language in LANGUAGES)


def test_the_shipped_knowledge_can_be_read_without_libyaml() -> None:
    """PyYAML's own loader, which stands in where libyaml is missing, takes a bare `?` before a comma for a key."""
    for path in (ROOT / "knowledge").rglob("*.yaml"):
        assert not re.search(r"\?\s*(,|\]\s*$)", path.read_text(encoding="utf-8"), re.MULTILINE), path.name


def test_the_shipped_kazakh_is_written_with_its_letters(shipped: Knowledge) -> None:
    texts = [aspect.text["kk"] for entry in shipped.entries for aspect in entry.aspects]
    assert [text for text in texts if not re.search("[әғқңөұүһі]", text.casefold())] == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "      ru: Озёрная библиотека стоит в Кокшетау, в ней 12 500 книг.\n", "",
            "9: 'aspects.0.text.ru' is missing; expected it to be filled in",
        ),
        (
            "      en: Lake Library stands in Kokshetau and holds 12,500 books.\n", "      en: ' '\n",
            "12: 'aspects.0.text.en': found ' '; string should have at least 1 character",
        ),
        ("kind: library", "kind: librari", "2: 'kind': found 'librari'; input should be 'library', 'glossary', "),
        ("title: {kk", "titel: {kk", "4: 'titel' is not a field that can be used here; check its spelling"),
        ("    text:\n", "    txt:\n", "9: 'aspects.0.txt' is not a field that can be used here; check its spelling"),
        ("id: lake", "id: Lake Library", "1: 'id': found 'Lake Library'; string should match pattern"),
        ("sources: [survey]", "sources: []", "3: 'sources': found "),
        ("{value: 12500,", "{value: many,", "14: 'aspects.0.figures.0.value': found 'many'; "),
        ("sources: [survey]", "sources: [surwey]", "1: entry 'lake': found source 'surwey'; expected an id from"),
        ("answers: [overview]", "answers: [histori]", "found topic 'histori'; expected an id from topics.yaml"),
        ("type: [regional]", "type: [national]", "found facet 'type: national'; expected a value of facets.yaml"),
        ("place: [kokshetau]", "place: [atlantis]", "found facet 'place: atlantis'; expected a value of"),
        (LAKE_QUESTIONS, "      en: []\n", "no questions in 'en'; expected at least one"),
        (LAKE_QUESTIONS, "", "no questions in 'en'; expected at least one"),
        ("12,500 books", "many books", "7: entry 'lake', aspect 'about': the number 12500 stands in another language"),
        ("title: {kk: Көл", "title: {kk: 7 Көл", "1: entry 'lake': the number 7 stands in another language"),
        ("12 500 книг", "13 500 книг", "the number 13500 stands in another language but not in 'kk'"),
        ("{value: 12500,", "{value: 99,", "the figure 99 books does not stand in the text"),
        ("title: {kk: Көл", "title: {kk: [Көл", "4: this is not valid YAML: "),
        ("id: lake", "id: lake\n\tkind: event", "2: this is not valid YAML: "),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_file_and_line(folder: Path, old: str, new: str, fault: str) -> None:
    change(folder, LAKE, old, new)
    found = faults(folder)
    assert all(re.match(rf"{LAKE}:\d+: ", line) for line in found)
    assert [line for line in found if fault in line.removeprefix(f"{LAKE}:")], found


def test_a_second_use_of_an_id_names_the_first(folder: Path) -> None:
    change(folder, "glossary/bookmark.yaml", "id: bookmark", "id: lake")
    assert faults(folder) == [f"{LAKE}:1: id 'lake' is already used at glossary/bookmark.yaml:1; ids must be unique"]


def test_in_a_list_the_line_is_the_record_s(folder: Path) -> None:
    change(folder, "places.yaml", "id: kokshetau", "id: kazakhstan")
    assert "places.yaml:5: id 'kazakhstan' is already used at places.yaml:1; ids must be unique" in faults(folder)


def test_an_aspect_s_id_is_its_own_within_the_entry(folder: Path) -> None:
    text = (folder / LAKE).read_text(encoding="utf-8")
    aspect = text.partition("aspects:\n")[2]
    (folder / LAKE).write_text(text + aspect, encoding="utf-8")
    assert faults(folder) == [
        f"{LAKE}:1: entry 'lake': aspect 'about' stands twice; aspect ids must be unique within an entry"
    ]


def test_a_place_within_nowhere(folder: Path) -> None:
    change(folder, "places.yaml", "within: kazakhstan", "within: atlantis")
    assert faults(folder) == ["places.yaml:5: found within 'atlantis'; expected an id from places.yaml"]


def test_a_file_that_is_not_utf_8(folder: Path) -> None:
    (folder / LAKE).write_bytes(FILES[LAKE].encode("kz1048"))
    (found,) = faults(folder)
    assert re.fullmatch(rf"{LAKE}:1: this file is not UTF-8 text \(byte \d+\); save it as UTF-8", found)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("Kokshetau", "Koksh\aetau", "1: this is not valid YAML: "),
        (
            "en: Lake Library stands in Kokshetau and holds 12,500 books.",
            "en: 2023-13-45",
            "1: this is not valid YAML: ",
        ),
        ("kind: library", "kind: library\nkind: event", "3: 'kind' stands twice; only one can count"),
        ("place: kokshetau}", "place: atlantis}", "found place 'atlantis'; expected an id from places.yaml"),
    ],
)
def test_what_yaml_itself_lets_through_or_breaks_on(folder: Path, old: str, new: str, fault: str) -> None:
    change(folder, LAKE, old, new)
    (found,) = faults(folder)
    assert found.startswith(f"{LAKE}:")
    assert fault in found


def test_a_fault_inside_a_list_is_told_once(folder: Path) -> None:
    change(folder, LAKE, "    text:\n", "    txt:\n")
    assert [line.split(": ")[1].split(" ")[0] for line in faults(folder)] == ["'aspects.0.text'", "'aspects.0.txt'"]


def test_a_link_to_nothing_is_named_and_a_folder_is_none(folder: Path) -> None:
    (folder / "gone.yaml").symlink_to(folder / "nowhere")
    (folder / "folder.yaml").mkdir()
    assert faults(folder) == ["gone.yaml:1: this file cannot be read: No such file or directory"]


def test_yml_is_yaml_too(folder: Path) -> None:
    (folder / LAKE).rename(folder / "lake.yml")
    assert len(load(folder).entries) == 3


def test_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    (folder / LAKE).write_text(FILES[LAKE], encoding="utf-8-sig")
    assert len(load(folder).entries) == 3


def test_an_empty_file_is_named(folder: Path) -> None:
    (folder / LAKE).write_text("", encoding="utf-8")
    assert [line.split(" ")[0] for line in faults(folder)] == [f"{LAKE}:1:"]


def test_every_fault_is_reported_not_the_first(folder: Path) -> None:
    change(folder, LAKE, "answers: [overview]", "answers: [one, two]")
    change(folder, "glossary/bookmark.yaml", "kind: glossary", "kind: word")
    assert {line.split(":")[0] for line in faults(folder)} == {LAKE, "glossary/bookmark.yaml"}
    assert len(faults(folder)) == 3


def test_librarians_own_documents_are_not_entries(folder: Path) -> None:
    (folder / "documents").mkdir()
    (folder / "documents" / "settings.yaml").write_text("any: thing", encoding="utf-8")
    assert len(load(folder).entries) == 3


def test_a_folder_that_is_not_there_or_empty(tmp_path: Path) -> None:
    assert "SHYRAQ_KNOWLEDGE_DIR" in faults(tmp_path / "nowhere")[0]
    assert "no entries found" in faults(tmp_path)[0]
