"""Fits how surely a librarian's document answers: `python -m evals.calibrate_documents [--write]`; about 3 minutes.

On evals/documents/: six files of invented libraries as librarians would write them, and 142 questions, of which the
files answer 84. What is reported of a file was fitted on the others.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from assistant.ask import Librarian, open_librarian
from assistant.documents import SIGNALS, nearest_piece
from assistant.ranking import WEIGHTS
from assistant.settings import Settings, read_settings
from assistant.thought import ANSWERS, NEAR
from evals.calibrate_gate import Floats, logistic
from evals.cases import Case, read_cases
from evals.evidence import understood
from evals.facts import missing
from ingest.build import ingest

FOLDER = Path(__file__).with_name("documents")
QUESTIONS = FOLDER / "questions.csv"


def main() -> None:
    """Fit, report, and with --write put the weights in force."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    with tempfile.TemporaryDirectory() as folder:
        settings = _with_documents(read_settings(), Path(folder))
        ingest(settings, print)
        librarian = open_librarian(settings)
        rows = [row for case in read_cases(QUESTIONS) for row in _row(case, librarian)]
    _tell(rows)
    weights, bias = logistic(*_design(rows))
    fitted = {name: round(float(weight), 4) for name, weight in zip(SIGNALS, weights, strict=True)}
    print(json.dumps(fitted | {"bias": round(bias, 4)}, indent=1))
    if write:
        told = json.loads(WEIGHTS.read_text(encoding="utf-8"))
        told["documents"] = fitted | {"bias": round(bias, 4)}
        WEIGHTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _with_documents(settings: Settings, folder: Path) -> Settings:
    """Settings of a new data folder, whose knowledge has the invented files beside its own."""
    shutil.copytree(settings.knowledge_dir, folder / "knowledge", ignore=shutil.ignore_patterns("documents"))
    shutil.copytree(FOLDER, folder / "knowledge" / "documents", ignore=shutil.ignore_patterns(QUESTIONS.name))
    (folder / "data").mkdir()
    (folder / "data" / "models").symlink_to((settings.data_dir / "models").resolve())
    return settings.model_copy(update={"knowledge_dir": folder / "knowledge", "data_dir": folder / "data"})


Row = tuple[Case, tuple[float, ...], bool]


def _row(case: Case, librarian: Librarian) -> Iterator[Row]:
    """A case's signals, and whether the piece answers it; none where no piece may be about it."""
    index, question = librarian.shelf.index(), understood(case, librarian)
    vector = librarian.model.embed_question(question.text).vector
    hits = index.documents_near(question.language, question.text, vector)
    piece = nearest_piece(question, hits, index.catalogue)
    if piece:
        text = index.documents[piece.aspect].text
        yield case, piece.signals, case.is_answerable and not missing(case.facts, text, case.language)


def _design(rows: Sequence[Row]) -> tuple[Floats, Floats]:
    return np.array([row[1] for row in rows]), np.array([float(row[2]) for row in rows])


def _tell(rows: Sequence[Row]) -> None:
    """What of the questions of each file is answered, and shown as near, by weights fitted on the others."""
    chances = np.zeros(len(rows))
    files = [case.note for case, *_ in rows]
    for file in set(files):
        out = np.array([other == file for other in files])
        weights, bias = logistic(*_design([row for row, held in zip(rows, out, strict=True) if not held]))
        chances[out] = 1 / (1 + np.exp(-(_design(rows)[0][out] @ weights + bias)))
    right = np.array([row[2] for row in rows])
    lacked = np.array([not row[0].is_answerable for row in rows])
    for name, those in (("the piece answers", right), ("nothing answers", lacked)):
        told, near = np.mean(chances[those] >= ANSWERS), np.mean(chances[those] >= NEAR)
        print(f"{name}: {those.sum()} questions, answered {told:.2f}, answered or shown as near {near:.2f}")


if __name__ == "__main__":
    main()
