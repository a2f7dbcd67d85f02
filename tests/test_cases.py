"""Suites are read as spreadsheets save them, and every fault is told with its place."""

import re
from pathlib import Path

import pytest

from assistant.errors import KnowledgeError
from evals.cases import Case, read_cases
from evals.command import FOLDER

HEADER = "id,language,question,status,facts,forbidden,sources,category,note\n"
ROW = 'a-kk,kk,"Қанша кітапхана бар, айтшы?",answered,"3887;қаржы|қаражат",1999,figures-2025|kostanay#about,figures,\n'


def written(folder: Path, text: str, name: str = "suite.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(KnowledgeError) as caught:
        read_cases(path)
    return caught.value.problems


def test_a_row_is_a_case(tmp_path: Path) -> None:
    (case,) = read_cases(written(tmp_path, HEADER + ROW))
    assert case == Case(
        id="a-kk",
        language="kk",
        turns=("Қанша кітапхана бар, айтшы?",),
        status=("answered",),
        facts=("3887", "қаржы|қаражат"),
        forbidden=("1999",),
        sources=("figures-2025", "kostanay#about"),
        category="figures",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_as_any_spreadsheet_saves_it(tmp_path: Path, encoding: str, end: str) -> None:
    text = 'id;language;question;status;facts\nb;ru;"Где?\nКогда?";answered|unknown;"1;2"\n;;;;\n'.replace("\n", end)
    (case,) = read_cases(written(tmp_path, text, encoding=encoding))
    assert case.turns[0].split() == ["Где?", "Когда?"]
    assert case.status == ("answered", "unknown") and case.facts == ("1", "2") and case.category == "other"


def test_turns_stand_in_one_cell(tmp_path: Path) -> None:
    (case,) = read_cases(written(tmp_path, "id,language,question,status\nc,en,DosAI? || and where?,answered\n"))
    assert case.turns == ("DosAI?", "and where?")


def test_a_conversation_in_yaml(tmp_path: Path) -> None:
    text = "- id: d\n  language: kk\n  turns: [DosAI?, 'ал ол қайда?']\n  status: answered\n  facts: [2025, Өскемен]\n"
    (case,) = read_cases(written(tmp_path, text, "talk.yaml"))
    assert case.turns == ("DosAI?", "ал ол қайда?")
    assert case.facts == ("2025", "Өскемен")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("a,kz,?,answered", ["row 2, column 'language': found 'kz'"]),
        ("a,kk,,answered", ["row 2, column 'question' is missing"]),
        ("a,kk,?,answerd", ["row 2, column 'status': found 'answerd'", "'answered'"]),
        ("a,kk,?,answered,extra", ["row 2: found 5 cells; expected 4"]),
        ("a,kk,?,answered\na,ru,?,unknown", ["found the id 'a' 2 times"]),
        (f"a,kk,{'ә' * 2001},answered", ["row 2, column 'question'", "2000 characters"]),
        ("", ["found no cases"]),
    ],
)
def test_a_bad_row_is_told(tmp_path: Path, rows: str, told: list[str]) -> None:
    (problem,) = problems(written(tmp_path, f"id,language,question,status\n{rows}\n"))
    assert problem.startswith("suite.csv: ") and all(part in problem for part in told)


def test_every_bad_row_is_told(tmp_path: Path) -> None:
    assert len(problems(written(tmp_path, "id,language,question,status\na,kz,?,answered\nb,kk,?,no\n"))) == 2


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("id,language,question", "row 1: found the columns id, language, question; expected status too"),
        ("id,language,question,status,fact", "found the column 'fact'; expected none but id, language,"),
        ("id,language,question,status,facts,facts", "two columns of one name"),
    ],
)
def test_wrong_columns_are_told(tmp_path: Path, header: str, told: str) -> None:
    assert told in problems(written(tmp_path, header + "\n"))[0]


def test_what_spreadsheets_add_is_no_fault(tmp_path: Path) -> None:
    text = "sep=;\nID;Language;Question;Status;;\na;ru;Где?;answered;;\n"
    (case,) = read_cases(written(tmp_path, text))
    assert (case.id, case.turns, case.status) == ("a", ("Где?",), ("answered",))


def test_one_question_in_yaml(tmp_path: Path) -> None:
    text = "- {id: q, language: en, question: What is DosAI?, status: answered}\n"
    (case,) = read_cases(written(tmp_path, text, "talk.yaml"))
    assert case.turns == ("What is DosAI?",)


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    assert "CSV UTF-8" in problems(written(tmp_path, "PK", "sheet.xlsx"))[0]


def test_another_encoding_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "id,language,question,status\na,ru,Где?,answered\n", encoding="cp1251")
    assert "CSV UTF-8" in problems(path)[0]


def test_a_fault_in_yaml_has_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "- id: a\n  language: kk\n  turns: [x]\n  status: [answered]\n  fact: x\n", "talk.yaml")
    assert problems(path) == ["talk.yaml:5: 'fact' is not a field that can be used here; check its spelling"]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in problems(tmp_path / "none.csv")[0]


GUIDE = (FOLDER.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["csv", "yaml"])
def test_the_guides_examples_can_be_read(tmp_path: Path, kind: str) -> None:
    examples = re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    assert len(examples) == 3  # one a language
    for example in examples:
        assert read_cases(written(tmp_path, example, f"guide.{kind}"))


def test_the_shipped_suites_are_whole() -> None:
    cases = [case for path in FOLDER.glob("*.csv") for case in read_cases(path)]
    assert len({case.id for case in cases}) == len(cases)
    for language in ("kk", "ru", "en"):
        assert sum(case.language == language for case in cases) >= 150
    unexpected = [case.id for case in cases if case.is_answerable and not case.facts and case.category != "smalltalk"]
    assert not unexpected
