"""What `shyraq eval` does: suites, outside sets for retrieval, and texts for language identification."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import httpx
from rich.console import Console
from rich.table import Table

from assistant.ask import Librarian, open_librarian
from assistant.errors import KnowledgeError, SettingsError
from assistant.instructions import Instructions
from assistant.knowledge import LANGUAGES, Language
from assistant.language import Identifier
from assistant.settings import Settings, shipped
from evals.cases import ENDINGS, Case, read_cases
from evals.channels import Channel, through_api, through_core
from evals.checks import judge
from evals.evidence import rank_evidence
from evals.identification import identify_all, read_texts
from evals.metrics import Result
from evals.model import account, beside, judged
from evals.outside import measure
from evals.report import page
from evals.runs import PAGE, Asked, Model, Run, compare, earlier, history, keep, read_run, to_run
from evals.table import show
from evals.telegram import through_telegram
from evals.variants import variants
from evals.widget import through_widget
from ingest.progress import watched

FOLDER = Path(__file__).with_name("suites")
KEPT_ASIDE = "heldout"  # looked at only to report: never part of a run that does not name it


@dataclass(frozen=True)
class Options:
    """What a person chose on the command line."""

    variants: bool = True
    through: Literal["core", "api", "widget", "telegram"] = "core"
    baseline: Path | None = None
    language: Language | None = None
    as_json: bool = False


def run_suites(names: Sequence[str], options: Options, settings: Settings, console: Console) -> bool:
    """Ask the suites, keep the run, show it; False where it fell beyond noise below the baseline."""
    paths = find_suites(names)
    cases = [case for path in paths for case in read_cases(path)]
    _check_ids(cases)
    against = read_run(options.baseline) if options.baseline else None
    asked = [*cases, *variants(cases)] if options.variants else cases
    began, watch = datetime.now(UTC), time.perf_counter()
    results, index, model = _ask_all(asked, options, settings, console)
    suites = tuple(path.stem for path in paths)
    about = Asked(began, time.perf_counter() - watch, index, suites, options.through, options.language)
    run = to_run(about, results, model)
    folder = settings.data_dir / "runs"
    _add_comparisons(run, against, folder)
    home = keep(run, folder)
    (home / PAGE).write_text(page(run), encoding="utf-8")
    if options.as_json:
        print(json.dumps(run, ensure_ascii=False))
    else:
        show(run, options.language or _spoken_here(), Console())
        console.print(str(home / PAGE), soft_wrap=True)
    return not (run["compared"]["baseline"] or {}).get("fallen")


def find_suites(names: Sequence[str]) -> list[Path]:
    """The files of the suites named (all but the one kept aside where none is named); raises SettingsError."""
    shipped = sorted(path for path in FOLDER.iterdir() if path.suffix in ENDINGS)
    if not names:
        return [path for path in shipped if path.stem != KEPT_ASIDE]
    by_name = {path.stem: path for path in shipped}
    paths = [Path(name) if name.endswith(ENDINGS) else by_name.get(name, Path(name)) for name in names]
    for path in paths:
        if not path.is_file():
            known = ", ".join(sorted(by_name))
            raise SettingsError(f"there is no suite {path}; expected a CSV or YAML file, or one of {known}")
    return paths


def _check_ids(cases: Sequence[Case]) -> None:
    """Raise KnowledgeError where two sheets have one id: a run is kept by ids."""
    counts = Counter(case.id for case in cases)
    twice = [id for id, count in counts.items() if count > 1]
    if twice:
        raise KnowledgeError([f"found the id {id!r} in two suites; expected each once" for id in twice])


def _ask_all(
    cases: Sequence[Case], options: Options, settings: Settings, console: Console
) -> tuple[list[Result], str, Model | None]:
    """The results, the version of the index that was asked ("" where a service does not tell it), and of the LLM."""
    if options.through == "api":
        with httpx.Client(base_url=settings.core_url, trust_env=False) as client:
            return _results(cases, through_api(client), console), "", None
    if options.through == "widget":
        with through_widget(settings.core_url) as channel:
            return _results(cases, channel, console), "", None
    if options.through == "telegram":
        service = httpx.Client(base_url=settings.core_url, trust_env=False)
        with service as client, through_telegram(client, settings) as channel:
            return _results(cases, channel, console), "", None
    with console.status("Opening the model…"):
        librarian = open_librarian(settings)
    found = _results(cases, through_core(librarian), console)
    model = _with_and_without(found, librarian, console) if librarian.author else None
    return list(_ranked(found, librarian, console)), librarian.shelf.index().version, model


def _with_and_without(found: Sequence[Result], librarian: Librarian, console: Console) -> Model:
    """What the language model did to the scores: the clean cases are asked of the built-in writer too, and judged."""
    author = librarian.author
    assert author
    told = account(author)
    clean = [result.case for result in found if result.case.variant is None]
    plain = _results(clean, through_core(replace(librarian, author=None)), console)
    instructions = Instructions.load(shipped("prompts"))
    figures = [*beside(plain), *judged(found, author.chat, instructions, console)]
    author.close()
    return Model(told, figures)


def _results(cases: Sequence[Case], channel: Channel, console: Console) -> list[Result]:
    return [_result(case, channel) for case in watched(cases, len(cases), "Asking", console.print)]


def _ranked(results: Sequence[Result], librarian: Librarian, console: Console) -> Iterator[Result]:
    """The results, those of clean cases with the ranks of their evidence."""
    for result in watched(results, len(results), "Ranking evidence", console.print):
        yield result if result.case.variant else replace(result, ranks=rank_evidence(result.case, librarian))


def _result(case: Case, channel: Channel) -> Result:
    reply, milliseconds = channel(case)
    return Result(case, reply, judge(case, reply), milliseconds, {})


def _add_comparisons(run: Run, against: Run | None, folder: Path) -> None:
    before = earlier(run, folder)
    last = compare(run, before[-1]) if before else None
    run["compared"] = {"last": last, "baseline": compare(run, against) if against else None}
    run["history"] = history(run, before)


def _spoken_here() -> Language:
    """The language of this person's terminal; English where it is none of ours."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return next((language for language in LANGUAGES if spoken.startswith(language)), "en")


def run_retrieval(passages: Path, questions: Path, settings: Settings, console: Console, *, as_json: bool) -> None:
    """Index an outside set, search it, and print how well."""
    found = measure(passages, questions, settings, console.print)
    if as_json:
        print(json.dumps(found))
        return
    table = Table("", "")
    for name, value in found.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    Console().print(table)


def run_language(file: Path, console: Console, *, as_json: bool) -> None:
    """Identify the language of every text of a file, and print how often rightly."""
    rows = read_texts(file)
    found = identify_all(watched(rows, len(rows), "Identifying", console.print), Identifier.load())
    if as_json:
        print(json.dumps(found.as_json()))
    else:
        Console().print(found.table())
