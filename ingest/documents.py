"""Librarians' own files → passages: Markdown, plain text, HTML, PDF, DOCX and CSV in knowledge/documents/."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import docx
import trafilatura
from docx.table import Table
from langchain_text_splitters import RecursiveCharacterTextSplitter
from pypdf import PdfReader

from assistant.clean import clean
from assistant.index import Passage
from assistant.language import Identifier
from ingest.progress import Say

PIECE, OVERLAP = 700, 100  # characters: within the model's 512 tokens in all three languages
LARGEST = 20 * 2**20  # bytes; a larger file is a mistake or an attack


def document_passages(folder: Path, identifier: Identifier, say: Say) -> list[Passage]:
    """The passages of every file under `folder`; a file that cannot be read is named through `say` and skipped."""
    passages: list[Passage] = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_dir() or path.name.startswith(".") or path.name == "README.md":
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
    splitter = RecursiveCharacterTextSplitter(chunk_size=PIECE, chunk_overlap=OVERLAP)
    title = clean(PurePosixPath(name).stem.replace("_", " "))
    for number, piece in enumerate(splitter.split_text(_text(path)), 1):
        text = clean(piece)
        language = identifier.identify(text).language
        if language:
            aspect = f"document:{name}#{number}"
            yield Passage(aspect, aspect, language, "document", text, title)


def _text(path: Path) -> str:
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise ValueError(f"files of the kind '{path.suffix}' are not supported; use {', '.join(READERS)}")
    if not path.is_file():
        raise ValueError("it is not a file, or a link to nothing")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 2**20} MB")
    return read(path.read_bytes())


def _plain(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # KZ-1048 is Windows-1251, which office programs still write, with Kazakh letters; UTF-16 starts with a mark.
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "kz1048")


def _html(content: bytes) -> str:
    return trafilatura.extract(_plain(content), include_comments=False, favor_recall=True) or ""


def _pdf(content: bytes) -> str:
    return "\n\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def _docx(content: bytes) -> str:
    blocks = docx.Document(io.BytesIO(content)).iter_inner_content()
    return "\n\n".join(_rows(block) if isinstance(block, Table) else block.text for block in blocks)


def _rows(table: Table) -> str:
    """A line a row; a cell merged over several columns is one."""
    return "\n".join(" | ".join(dict.fromkeys(cell.text for cell in row.cells)) for row in table.rows)


def _csv(content: bytes) -> str:
    """A line a row, "column: value; …", so that each row can be read alone."""
    text = _plain(content)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="…")
    return "\n\n".join("; ".join(f"{key}: {value}" for key, value in row.items() if key and value) for row in rows)


READERS: dict[str, Callable[[bytes], str]] = {
    ".md": _plain,
    ".txt": _plain,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
    ".csv": _csv,
}
