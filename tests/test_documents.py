"""Librarians' own files: each kind is read, and what cannot be read is named and skipped."""

import io
import os
import re
import sys
from pathlib import Path

import docx
import pytest

from assistant.ask import Librarian, ask, open_librarian
from assistant.embedding import open_model
from assistant.index import Passage
from assistant.knowledge import Language
from assistant.language import Identifier
from ingest.documents import LARGEST, PIECE, document_passages
from tests.tiny import Tiny, copy_tiny

KAZAKH = "Оқу залында қазақ халқының тарихы туралы сирек кездесетін қолжазбалар сақталады."
RUSSIAN = "В читальном зале хранятся редкие рукописи об истории казахского народа."
ENGLISH = "The reading room keeps rare manuscripts about the history of the Kazakh people."


def read(folder: Path) -> tuple[list[Passage], list[str]]:
    """The passages of a folder, and what was said of its files."""
    said: list[str] = []
    return document_passages(folder, Identifier.load(), said.append), said


def pdf(text: str) -> bytes:
    """A PDF of one page and line, in a font of its own whose codes a ToUnicode map explains, as office programs do."""
    letters = sorted(set(text))
    line = "".join(f"{letters.index(letter) + 1:02x}" for letter in text)
    pairs = "".join(f"<{code:02x}> <{ord(letter):04x}>\n" for code, letter in enumerate(letters, 1))
    unicode_map = (
        "/CIDInit /ProcSet findresource begin begincmap /CMapName /M def 1 begincodespacerange <00> <ff>"
        f" endcodespacerange {len(letters)} beginbfchar\n{pairs}endbfchar endcmap end"
    )
    page = f"BT /F 12 Tf 50 700 Td <{line}> Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        f"<< /Length {len(page)} >>\nstream\n{page}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
        f"<< /Length {len(unicode_map)} >>\nstream\n{unicode_map}\nendstream",
    ]
    content, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    return (
        f"{content}xref\n0 {count}\n0000000000 65535 f \n{table}"
        f"trailer << /Size {count} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF"
    ).encode("ascii")


def word(*, before: str, cells: list[list[str]], after: str) -> bytes:
    """A DOCX: a paragraph, a table, a paragraph."""
    document = docx.Document()
    document.add_paragraph(before)
    table = document.add_table(len(cells), len(cells[0]))
    for row, texts in zip(table.rows, cells, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_paragraph(after)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


HTML = f"""<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Зал</title>
<script>var hidden = 1</script></head>
<body><nav><a href="/">Главная</a></nav><article><h1>Читальный зал</h1><p>{RUSSIAN}</p></article></body></html>"""


@pytest.mark.parametrize(
    ("name", "content", "language", "text"),
    [
        ("hall.md", f"# Зал\n\n{KAZAKH}\n".encode(), "kk", KAZAKH),
        ("hall.txt", RUSSIAN.encode(), "ru", RUSSIAN),
        ("HALL.TXT", ENGLISH.encode(), "en", ENGLISH),
        ("hall.html", HTML.encode(), "ru", RUSSIAN),
        ("hall.pdf", pdf(KAZAKH), "kk", KAZAKH),
        ("hall.docx", word(before=KAZAKH, cells=[["Зал"]], after="Соңы"), "kk", KAZAKH),
        ("bom.csv", f"\ufeffЗал;Қор\r\nОқу залы;{KAZAKH}\r\n".encode(), "kk", f"Зал: Оқу залы; Қор: {KAZAKH}"),
        ("comma.csv", f'Room,About\n"Hall, big","{ENGLISH}"\n'.encode(), "en", f"Room: Hall, big; About: {ENGLISH}"),
        ("tab.csv", f"Room\tAbout\nHall\t{ENGLISH}\n".encode(), "en", f"Room: Hall; About: {ENGLISH}"),
        ("column.csv", f"About\n{ENGLISH}\n".encode(), "en", f"About: {ENGLISH}"),
        ("windows.txt", RUSSIAN.encode("cp1251"), "ru", RUSSIAN),
        ("windows-kazakh.txt", KAZAKH.encode("kz1048"), "kk", KAZAKH),
        ("notepad.txt", KAZAKH.encode("utf-16"), "kk", KAZAKH),
    ],
)  # fmt: skip
def test_each_kind_is_read(tmp_path: Path, name: str, content: bytes, language: Language, text: str) -> None:
    (tmp_path / name).write_bytes(content)
    passages, said = read(tmp_path)
    assert said == []
    assert text in " ".join(passage.text for passage in passages)
    assert {(passage.language, passage.kind) for passage in passages} == {(language, "document")}
    assert passages[0].aspect == passages[0].id == f"document:{name}#1"


def test_a_document_is_called_by_its_first_heading_or_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "hall.md").write_text(f"# Зал **тарихы**\n\n{KAZAKH}", encoding="utf-8")
    (tmp_path / "reading_room.md").write_text(ENGLISH, encoding="utf-8")
    passages, _ = read(tmp_path)
    assert [passage.title for passage in passages] == ["Зал тарихы", "reading room"]


MARKED = """# Зал

Вводные слова о *читальном* зале.

## Правила

- Книги выдаются на **14 дней**
- Паспорт [не нужен](https://example.kz)

| День | Часы |
|---|---|
| суббота | 10–16 |
"""


def test_marks_of_layout_are_no_words(tmp_path: Path) -> None:
    (tmp_path / "hall.md").write_text(MARKED, encoding="utf-8")
    passages, _ = read(tmp_path)
    assert [passage.text for passage in passages] == [
        "Вводные слова о читальном зале.",
        "Правила: Книги выдаются на 14 дней. Паспорт не нужен. День: суббота; Часы: 10–16.",
    ]


def test_a_row_of_a_sheet_is_a_passage_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "branches.csv").write_text("Филиал;Часы\nПервый;9–18\nВторой;10–20\n", encoding="utf-8")
    passages, _ = read(tmp_path)
    assert [passage.text for passage in passages] == ["Филиал: Первый; Часы: 9–18", "Филиал: Второй; Часы: 10–20"]


def test_a_word_file_is_read_in_its_order(tmp_path: Path) -> None:
    content = word(
        before="Алдымен кіріспе жүреді.", cells=[["Бөлім", "Саны"], ["Тарих", "12 кітап"]], after="Соңында қорытынды."
    )
    (tmp_path / "order.docx").write_bytes(content)
    (passage,), _ = read(tmp_path)
    assert passage.text == "Алдымен кіріспе жүреді. Бөлім | Саны Тарих | 12 кітап Соңында қорытынды."


def test_a_long_text_is_cut_into_pieces_at_the_ends_of_sentences(tmp_path: Path) -> None:
    (tmp_path / "long.md").write_text(" ".join(f"{number}. {RUSSIAN}" for number in range(100)), encoding="utf-8")
    passages, _ = read(tmp_path)
    assert len(passages) > 10
    assert all(len(passage.text) <= PIECE for passage in passages)
    assert [passage.id for passage in passages] == [f"document:long.md#{n}" for n in range(1, len(passages) + 1)]
    joined = " ".join(passage.text for passage in passages)
    assert all(f" {number}. В" in joined for number in range(1, 100))
    assert all(passage.text.endswith(".") for passage in passages)


def test_a_file_in_two_languages_gives_passages_in_both(tmp_path: Path) -> None:
    (tmp_path / "both.md").write_text(f"{KAZAKH * 8}\n\n{ENGLISH * 8}", encoding="utf-8")
    passages, _ = read(tmp_path)
    assert {passage.language for passage in passages} == {"kk", "en"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.pdf", b"%PDF-1.7 and no more", "cannot be read"),
        ("broken.docx", b"PK\x03\x04 and no more", "cannot be read"),
        ("noise.docx", os.urandom(3000), "cannot be read"),
        ("old.doc", b"\xd0\xcf\x11\xe0", r"the kind '\.doc' are not supported; use \.md, .*\.csv"),
        ("no_kind", RUSSIAN.encode(), "the kind '' are not supported"),
        ("scan.pdf", pdf(" "), "no text was found"),
        ("empty.md", b"", "no text was found"),
        ("empty.csv", b"", "no text was found"),
        ("empty.html", b"", "no text was found"),
        ("digits.txt", b"1234 5678", "no text was found"),
        ("control.txt", b"\x00\x01\x02", "no text was found"),
        ("huge.txt", b"a" * (LARGEST + 1), "larger than 20 MB"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_kept(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / name).write_bytes(content)
    (tmp_path / "good.md").write_text(ENGLISH, encoding="utf-8")
    passages, said = read(tmp_path)
    assert [passage.text for passage in passages] == [ENGLISH]
    assert len(said) == 1
    assert said[0].startswith(f"inner/{name}: skipped, ")
    assert re.search(reason, said[0])


def test_links_to_nothing_and_pipes_are_named(tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(tmp_path / "nowhere.md")
    os.mkfifo(tmp_path / "pipe.md")
    passages, said = read(tmp_path)
    assert passages == []
    assert [line.split(":")[0] for line in said] == ["link.md", "pipe.md"]


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system takes UTF-8 names alone")
def test_a_name_in_an_old_encoding_is_no_obstacle(tmp_path: Path) -> None:
    """What an archive packed on an old Windows unpacks to."""
    (tmp_path / os.fsdecode("зал.md".encode("cp1251"))).write_text(RUSSIAN, encoding="utf-8")
    (tmp_path / os.fsdecode("зал.doc".encode("cp1251"))).write_text(RUSSIAN, encoding="utf-8")
    passages, said = read(tmp_path)
    assert [passage.text for passage in passages] == [RUSSIAN]
    for text in (passages[0].id, passages[0].title, *said):
        text.encode("utf-8")


def test_hidden_files_and_the_readme_are_not_documents(tmp_path: Path) -> None:
    for name in (".hidden.md", "README.md"):
        (tmp_path / name).write_text(RUSSIAN, encoding="utf-8")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "README.md").write_text(KAZAKH, encoding="utf-8")  # the folder's own is at its top
    passages, said = read(tmp_path)
    assert ([passage.text for passage in passages], said) == ([KAZAKH], [])


def test_no_folder_is_no_documents(tmp_path: Path) -> None:
    assert read(tmp_path / "documents") == ([], [])


def test_documents_are_found_by_search_each_in_its_language(tiny: Tiny) -> None:
    folder = tiny.knowledge / "documents"
    folder.mkdir()
    (folder / "қолжазба.pdf").write_bytes(pdf(KAZAKH))
    (folder / "рукописи.docx").write_bytes(word(before=RUSSIAN, cells=[["Зал"]], after="Конец"))
    (folder / "rooms.csv").write_text(f"Room;About\nHall;{ENGLISH}\n", encoding="utf-8-sig")
    (folder / "broken.pdf").write_bytes(b"%PDF")
    said = tiny.ingest()
    assert said[0].startswith("broken.pdf: skipped, it cannot be read: ")
    index, model = tiny.shelf().index(), open_model("e5-small", tiny.settings.data_dir)
    asked: dict[Language, tuple[str, str]] = {
        "kk": ("сирек қолжазбалар қайда сақталады", "document:қолжазба.pdf#1"),
        "ru": ("где хранятся редкие рукописи", "document:рукописи.docx#1"),
        "en": ("where are rare manuscripts kept", "document:rooms.csv#1"),
    }
    for language, (question, expected) in asked.items():
        assert index.search(language, question, model.embed_query(question))[0].passage.id == expected


def test_a_renamed_document_is_embedded_with_its_new_title(tiny: Tiny) -> None:
    folder = tiny.knowledge / "documents"
    folder.mkdir()
    (folder / "hall.md").write_text(ENGLISH, encoding="utf-8")
    tiny.ingest()
    (folder / "hall.md").rename(folder / "manuscripts.md")
    assert "(1 texts embedded anew)" in tiny.ingest()[-1]


RULES = """# Городская библиотека «Достык»

## Режим работы

| День | Часы |
|---|---|
| Понедельник – четверг | 10:00–20:00 |
| Суббота и воскресенье | 10:00–18:00 |

## Выдача книг

На дом можно взять до 6 книг на 20 дней. Новинки выдаются на 10 дней.
"""


@pytest.fixture(scope="module")
def documented(tiny_ingested: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Librarian:
    """A librarian of the small knowledge and one document."""
    tiny = copy_tiny(tiny_ingested, tmp_path_factory.mktemp("documented") / "tiny")
    (tiny.knowledge / "documents").mkdir()
    (tiny.knowledge / "documents" / "rules.md").write_text(RULES, encoding="utf-8")
    tiny.ingest()
    return open_librarian(tiny.settings)


@pytest.mark.parametrize(
    ("message", "fact"),
    [
        ("Когда работает библиотека «Достык» в субботу?", "10:00–18:00"),
        ("На сколько дней «Достык» выдаёт новинки?", "10 дней"),
    ],
)
def test_a_document_answers_for_the_library_that_it_names(documented: Librarian, message: str, fact: str) -> None:
    reply = ask(message, language=None, history=(), librarian=documented).reply
    assert fact in reply.answer and {citation.source for citation in reply.citations} == {"rules.md"}


@pytest.mark.parametrize("message", ["Когда работает библиотека «Орион» в субботу?", "Какая погода в Лондоне?"])
def test_a_document_does_not_answer_for_another(documented: Librarian, message: str) -> None:
    reply = ask(message, language=None, history=(), librarian=documented).reply
    assert reply.status == "unknown" and reply.citations == ()
