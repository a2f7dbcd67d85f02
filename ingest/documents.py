"""Librarians' own files → passages: Markdown, plain text, HTML, PDF, DOCX and CSV in knowledge/documents/.

A passage is what a patron may be shown as an answer: some sentences of one section, without marks of layout.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import docx
import trafilatura
from docx.table import Table
from langchain_text_splitters import RecursiveCharacterTextSplitter
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from pypdf import PdfReader

from assistant.clean import clean
from assistant.index import Passage
from assistant.language import Identifier
from ingest.progress import Say

PIECE = 400  # characters: some three sentences, as an answer has
ENDS = ["\n\n", "\n", r"(?<=[.!?…]) ", " ", ""]  # where a text is cut, the best place first
STOPS = (".", "!", "?", "…", ":", ";")
LARGEST = 20 * 2**20  # bytes; a larger file is a mistake or an attack


@dataclass(frozen=True)
class Document:
    """The texts of a file that can each be read alone, and what it calls itself."""

    sections: Sequence[str]
    title: str = ""


def document_passages(folder: Path, identifier: Identifier, say: Say) -> list[Passage]:
    """The passages of every file under `folder`; a file that cannot be read is named through `say` and skipped."""
    passages: list[Passage] = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_dir() or path.name.startswith(".") or path == folder / "README.md":
            continue
        name = _printable(path.relative_to(folder).as_posix())
        try:
            found = list(_pieces(path, name, identifier))
        except Exception as error:  # the readers raise whatever a damaged file makes of them; it is named, not hidden
            say(f"{name}: skipped, it cannot be read: {_printable(str(error)) or type(error).__name__}")
            continue
        if not found:
            say(f"{name}: skipped, no text was found in it")
        passages += found
    return passages


def _printable(name: str) -> str:
    """A name that UTF-8 can hold: those of old archives are bytes of another encoding."""
    return name.encode("utf-8", "backslashreplace").decode()


def _pieces(path: Path, name: str, identifier: Identifier) -> Iterator[Passage]:
    document = _read(path)
    splitter = RecursiveCharacterTextSplitter(ENDS, is_separator_regex=True, chunk_size=PIECE, chunk_overlap=0)
    title = clean(document.title) or clean(PurePosixPath(name).stem.replace("_", " "))
    texts = [clean(piece) for section in document.sections for piece in splitter.split_text(section)]
    spoken = identifier.identify(clean("\n".join(document.sections))).language
    for number, text in enumerate(texts, 1):
        # "Дс–Жм: 9–18" tells no language; the file does.
        language = identifier.identify(text, spoken).language if spoken else None
        if language:
            aspect = f"document:{name}#{number}"
            yield Passage(aspect, aspect, language, "document", text, title)


def _read(path: Path) -> Document:
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise ValueError(f"files of the kind '{path.suffix}' are not supported; use {', '.join(READERS)}")
    if not path.is_file():
        raise ValueError("it is not a file, or a link to nothing")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 2**20} MB")
    return read(path.read_bytes())


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # KZ-1048 is Windows-1251, which office programs still write, with Kazakh letters; UTF-16 starts with a mark.
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "kz1048")


def _plain(content: bytes) -> Document:
    return Document([_text(content)])


def _markdown(content: bytes) -> Document:
    return _marked(_text(content))


def _html(content: bytes) -> Document:
    text = trafilatura.extract(_text(content), include_comments=False, favor_recall=True, output_format="markdown")
    return _marked(text or "")


def _marked(text: str) -> Document:
    """Markdown by its sections, each under its heading; the first heading of all is the title."""
    title, sections = "", [[""]]
    for node in SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text)).children:
        if node.type != "heading":
            sections[-1] += [line if line.endswith(STOPS) else f"{line}." for line in _lines(node) if line]
        elif not title:
            title = _inline(node)
        else:
            sections.append([f"{_inline(node)}:"])
    return Document([" ".join(lines).strip() for lines in sections if len(lines) > 1], title)


def _lines(node: SyntaxTreeNode) -> list[str]:
    """The lines of a block: of a table "column: value; …" a row, so that each can be read alone."""
    if node.type == "table":
        head, *rows = [[_inline(cell) for cell in row.children] for part in node.children for row in part.children]
        return [_row(zip(head, row, strict=False)) for row in rows]
    if node.type in ("paragraph", "fence", "code_block", "html_block"):
        return [_inline(node)]
    return [line for child in node.children for line in _lines(child)]


def _inline(node: SyntaxTreeNode) -> str:
    """The words of a node without their marks."""
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if not node.children:
        return node.content
    return "".join(_inline(child) for child in node.children)


def _row(cells: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in cells if name and value)


def _pdf(content: bytes) -> Document:
    return Document(["\n\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)])


def _docx(content: bytes) -> Document:
    blocks = docx.Document(io.BytesIO(content)).iter_inner_content()
    return Document(["\n\n".join(_table(block) if isinstance(block, Table) else block.text for block in blocks)])


def _table(table: Table) -> str:
    """A line a row; a cell merged over several columns is one."""
    return "\n".join(" | ".join(dict.fromkeys(cell.text for cell in row.cells)) for row in table.rows)


def _csv(content: bytes) -> Document:
    """A section a row, "column: value; …"."""
    text = _text(content)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="…")
    return Document([_row((name, str(value)) for name, value in row.items() if value) for row in rows])


READERS: dict[str, Callable[[bytes], Document]] = {
    ".md": _markdown,
    ".txt": _plain,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
    ".csv": _csv,
}
