"""Runs suites through the assistant and scores them: `shyraq eval [SUITE…]`."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from assistant.errors import SettingsError
from assistant.knowledge import LANGUAGES, Language
from assistant.schema import Reply, Turn
from evals.cases import Case, read_cases
from evals.checks import Verdict, judge

FOLDER = Path(__file__).with_name("suites")
Answer = Callable[[str, Language | None, Sequence[Turn]], Turn]


@dataclass(frozen=True)
class Result:
    """A case, the reply to its last turn, the verdict, and the milliseconds that turn took."""

    case: Case
    reply: Reply
    verdict: Verdict
    milliseconds: float


def find_suites(names: Sequence[str]) -> list[Path]:
    """The files of the suites named (all but the held-out one where none is named); raises SettingsError."""
    if not names:
        return [path for path in sorted(FOLDER.glob("*.csv")) if path.stem != "heldout"]
    paths = [Path(name) if name.endswith(".csv") else FOLDER / f"{name}.csv" for name in names]
    for path in paths:
        if not path.is_file():
            known = ", ".join(sorted(found.stem for found in FOLDER.glob("*.csv")))
            raise SettingsError(f"there is no suite {path}; expected a CSV file or one of {known}")
    return paths


def run(paths: Iterable[Path], answer: Answer, console: Console) -> list[Result]:
    """Ask every case of the suites."""
    cases = [case for path in paths for case in read_cases(path)]
    with Progress(console=console) as bar:
        return [_ask(case, answer) for case in bar.track(cases, description="Asking")]


def _ask(case: Case, answer: Answer) -> Result:
    history: list[Turn] = []
    for message in case.turns:
        began = time.perf_counter()
        history.append(answer(message, None, history))
    reply = history[-1].reply
    return Result(case, reply, judge(case, reply), (time.perf_counter() - began) * 1000)


def tabulate(results: Sequence[Result]) -> Table:
    """The share of cases passed, by category and language, with the rates that matter beneath."""
    table = Table("category", *LANGUAGES, title=f"{len(results)} cases")
    for category in sorted({result.case.category for result in results}):
        table.add_row(category, *(_share(_of(results, language, category)) for language in LANGUAGES))
    table.add_section()
    table.add_row("all", *(_share(_of(results, language)) for language in LANGUAGES))
    rates = (
        ("reply language wrong", lambda r: True, lambda r: not r.verdict.language),
        ("unanswerable answered", lambda r: "answered" not in r.case.status, lambda r: r.reply.status == "answered"),
        ("answerable refused", lambda r: r.case.status == ("answered",), lambda r: r.reply.status != "answered"),
        ("citations not supporting", lambda r: True, lambda r: not r.verdict.cited),
    )
    for name, counts, fails in rates:
        cells = []
        for language in LANGUAGES:
            counted = [result for result in _of(results, language) if counts(result)]
            cells.append(f"{sum(map(fails, counted))} of {len(counted)}")
        table.add_row(name, *cells)
    return table


def _of(results: Sequence[Result], language: str, category: str | None = None) -> list[Result]:
    return [r for r in results if r.case.language == language and category in (None, r.case.category)]


def _share(results: Sequence[Result]) -> str:
    passed = sum(result.verdict.passed for result in results)
    return f"{passed}/{len(results)} ({100 * passed / len(results):.0f} %)" if results else ""


def failures(results: Sequence[Result]) -> list[str]:
    """What went wrong, a case each, in words."""
    return [
        f"{r.case.id}: {' || '.join(r.case.turns)}\n"
        f"  expected {'|'.join(r.case.status)}, got {r.reply.status} in {r.reply.language}"
        f"{'; missing ' + ', '.join(r.verdict.missing) if r.verdict.missing else ''}"
        f"{'; wrong ' + ', '.join(r.verdict.wrong) if r.verdict.wrong else ''}\n  {r.reply.answer}"
        for r in results
        if not r.verdict.passed
    ]


def to_json(results: Sequence[Result]) -> str:
    """Every result, for machines."""
    rows = [
        {**asdict(r.case), "reply": r.reply.model_dump(), "passed": r.verdict.passed, "milliseconds": r.milliseconds}
        for r in results
    ]
    return json.dumps(rows, ensure_ascii=False)
