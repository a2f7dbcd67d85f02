"""A knowledge folder of three entries and a dialogue of one intent, so that an ingest takes two seconds."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from assistant.embedding import MODEL_FOLDER
from assistant.index import Index, Shelf, Vectors, current_version, lost
from assistant.knowledge import LANGUAGES
from assistant.settings import Settings, read_settings
from ingest.build import ingest

FILES = {
    "sources.yaml": """\
- id: survey
  title: {kk: Шолу, ru: Обзор, en: Survey}
""",
    "topics.yaml": """\
- id: overview
  words: {kk: [туралы айт], ru: [расскаж], en: [tell me about]}
- id: hours
  words: {kk: [жұмыс уақыт], ru: [часы работ], en: [opening hours]}
  missing: {kk: Жұмыс уақыты белгісіз., ru: Часы работы неизвестны., en: The opening hours are not known.}
  questions: {kk: [Кітапхана нешеде ашылады], ru: [Когда открыта библиотека], en: [When is the library open]}
""",
    "places.yaml": """\
- id: kazakhstan
  kind: country
  title: {kk: Қазақстан, ru: Казахстан, en: Kazakhstan}
  words: {kk: [қазақстан], ru: [казахстан], en: [kazakhstan]}
- id: kokshetau
  kind: city
  within: kazakhstan
  title: {kk: Көкшетау, ru: Кокшетау, en: Kokshetau}
  words: {kk: [көкшетау], ru: [кокшетау], en: [kokshetau]}
""",
    "facets.yaml": """\
- id: regional
  facet: type
  label: {kk: Облыстық кітапханалар, ru: Областные библиотеки, en: Regional libraries}
  words: {kk: [облыстық], ru: [областн], en: [regional]}
""",
    "forms.yaml": """\
- id: list
  words: {kk: [қай кітапхана], ru: [какие библиотек], en: [which librar]}
""",
    "libraries/lake.yaml": """\
id: lake
kind: library
sources: [survey]
title: {kk: Көл кітапханасы, ru: Озёрная библиотека, en: Lake Library}
facets: {place: [kokshetau], type: [regional]}
aspects:
  - id: about
    answers: [overview]
    text:
      kk: Көл кітапханасы Көкшетауда тұр, онда 12 500 кітап бар.
      ru: Озёрная библиотека стоит в Кокшетау, в ней 12 500 книг.
      en: Lake Library stands in Kokshetau and holds 12,500 books.
    figures:
      - {value: 12500, unit: books, place: kokshetau}
    questions:
      kk: [Көл кітапханасы туралы айтыңыз, Көл кітапханасында қанша кітап бар]
      ru: [Расскажите об Озёрной библиотеке, Сколько книг в Озёрной библиотеке]
      en: [Tell me about Lake Library, How many books does Lake Library hold]
""",
    "glossary/bookmark.yaml": """\
id: bookmark
kind: glossary
sources: [survey]
title: {kk: Бетбелгі, ru: Закладка, en: Bookmark}
aspects:
  - id: meaning
    answers: [overview]
    text:
      kk: Бетбелгі — оқыған жерді белгілейтін жолақ.
      ru: Закладка — полоска, которой отмечают место в книге.
      en: A bookmark is a strip that marks a place in a book.
    questions:
      kk: [Бетбелгі деген не]
      ru: [Что такое закладка]
      en: [What is a bookmark]
""",
    "events/reading.yaml": """\
id: reading
kind: event
sources: [survey]
title: {kk: Түнгі оқу, ru: Ночное чтение, en: Night reading}
aspects:
  - id: about
    answers: [overview]
    text:
      kk: Түнгі оқу кеші жыл сайын өтеді.
      ru: Вечер ночного чтения проходит каждый год.
      en: The night reading takes place every year.
    questions:
      kk: [Түнгі оқу қашан өтеді]
      ru: [Когда проходит ночное чтение]
      en: [When does the night reading take place]
""",
}
DIALOGUE = """\
greeting:
  status: smalltalk
  utterances: {kk: [сәлем], ru: [привет], en: [hello]}
  replies: {kk: [Сәлем!], ru: [Здравствуйте!], en: [Hello!]}
"""
EVENT = "events/reading.yaml"


@dataclass(frozen=True)
class Tiny:
    """A folder with the knowledge, the dialogue and the data of one small Shyraq."""

    folder: Path
    settings: Settings

    @property
    def knowledge(self) -> Path:
        """What librarians edit."""
        return self.settings.knowledge_dir

    @property
    def prompts(self) -> Path:
        """The folder with the dialogue."""
        return self.folder / "prompts"

    @property
    def root(self) -> Path:
        """The folder of the index."""
        return self.settings.data_dir / "index"

    def ingest(self) -> list[str]:
        """Bring the index up to date; what the ingest said."""
        said: list[str] = []
        ingest(self.settings, said.append, self.prompts)
        return said

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace words in a knowledge file."""
        path = self.knowledge / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def version(self) -> str:
        """The version that the pointer names."""
        version = current_version(self.root)
        assert version
        return version

    def current(self) -> Path:
        """Its folder."""
        return self.root / self.version()

    def shelf(self) -> Shelf:
        """The index as a server opens it."""
        return Shelf(self.root, self.settings.chroma_url)


def write_tiny(folder: Path, model: Path, **given: object) -> Tiny:
    """Write the knowledge and the dialogue under `folder`; its data folder has the model and nothing else."""
    for name, text in FILES.items():
        path = folder / "knowledge" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "prompts").mkdir()
    (folder / "prompts" / "dialogue.yaml").write_text(DIALOGUE, encoding="utf-8")
    (folder / "data" / "models").mkdir(parents=True)
    (folder / "data" / "models" / MODEL_FOLDER).symlink_to(model, target_is_directory=True)
    dirs = {"data_dir": folder / "data", "knowledge_dir": folder / "knowledge"}
    return Tiny(folder, read_settings(_env_file=None, **{**dirs, **given}))


def copy_tiny(tiny: Tiny, folder: Path) -> Tiny:
    """The same again elsewhere, with its index."""
    shutil.copytree(tiny.folder, folder, symlinks=True, dirs_exist_ok=True)
    dirs = {"data_dir": folder / "data", "knowledge_dir": folder / "knowledge"}
    return Tiny(folder, read_settings(_env_file=None, **dirs))


def unfound(index: Index) -> int:
    """How many of an index's vectors its own Chroma does not find: every one is looked up."""
    return sum(
        lost(index.collections[lang], index.vectors(lang), range(len(index.vectors(lang)))) for lang in LANGUAGES
    )


def vector_of(folder: Path) -> dict[str, Vectors]:
    """Each passage's vector in a version, by the passage's id."""
    ids = [yaml.safe_load(line)["id"] for line in (folder / "passages.jsonl").read_text(encoding="utf-8").splitlines()]
    return dict(zip(ids, np.load(folder / "vectors.npy"), strict=True))


def command(tiny: Tiny) -> list[str]:
    """The command line of an ingest in a process of its own; what it says goes to its standard output."""
    code = (
        "import sys; from pathlib import Path;"
        "from assistant.settings import read_settings; from ingest.build import ingest;"
        "data, knowledge, prompts = map(Path, sys.argv[1:]);"
        "ingest(read_settings(data_dir=data, knowledge_dir=knowledge), lambda line: print(line, flush=True), prompts)"
    )
    folders = (tiny.settings.data_dir, tiny.knowledge, tiny.prompts)
    return [sys.executable, "-c", code, *map(str, folders)]
