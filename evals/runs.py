"""Runs that are kept: what a run found, those before it, and whether it is better or worse than one of them.

DATA/runs/NAME/run.json   everything, as `shyraq eval --json` prints it
DATA/runs/NAME/report.html
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import comb
from pathlib import Path
from typing import Any

from assistant.errors import SettingsError
from assistant.knowledge import LANGUAGES
from evals.metrics import Metric, Result, Robustness, Tally, metrics, robustness, tallies

FILE, PAGE = "run.json", "report.html"
FORMAT = 1  # of run.json; older ones are left out of the history
KEPT = 30
NOISE = 0.05  # chance that so one-sided a change is luck, below which it is told

Run = dict[str, Any]  # as JSON


@dataclass(frozen=True)
class Asked:
    """What was asked, and how."""

    began: datetime
    seconds: float
    index: str
    suites: tuple[str, ...]
    through: str
    report_language: str | None = None


@dataclass(frozen=True)
class Model:
    """What a language model did: how often it wrote and how fast, and figures beside those of the run."""

    account: dict[str, Any]
    figures: Sequence[Metric]


def to_run(asked: Asked, results: Sequence[Result], model: Model | None = None) -> Run:
    """A run as JSON, without comparisons."""
    clean = [result for result in results if result.case.variant is None]
    typed = [result for result in results if result.case.variant is not None]
    began = asked.began.isoformat(timespec="seconds")
    about = {**asdict(asked), "suites": list(asked.suites), "began": began, "format": FORMAT}
    return {
        "run": {**about, "cases": len(clean), "variants": len(typed)},
        "llm": model.account if model else None,
        "metrics": [_metric(metric) for metric in [*metrics(clean), *(model.figures if model else ())]],
        "categories": _categories(tallies(clean)),
        "variants": _typed(robustness(clean, typed)),
        "passed": {result.case.id: result.verdict.passed for result in clean},
        "groups": {result.case.id: [result.case.language, result.case.category] for result in clean},
        "failures": [_failure(result) for result in results if not result.verdict.passed],
    }


def _typed(found: Iterable[Robustness]) -> list[dict[str, Any]]:
    return [asdict(each) for each in sorted(found, key=lambda each: (each.language, each.variant))]


def _metric(metric: Metric) -> dict[str, Any]:
    return {**asdict(metric), "values": {name: asdict(value) for name, value in metric.values.items()}}


def _categories(found: Sequence[Tally]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for tally in found:
        row = rows.setdefault(tally.category, {"category": tally.category})
        row[tally.language] = {"passed": tally.passed, "of": tally.of}
    return list(rows.values())


def _failure(result: Result) -> dict[str, Any]:
    """Everything a librarian needs to see why a case failed."""
    case, reply = result.case, result.reply
    return {
        "id": case.id,
        "variant": case.variant,
        "language": case.language,
        "category": case.category,
        "turns": case.turns,
        "note": case.note,
        "reply": reply.model_dump(include={"status", "language", "answer", "citations"}),
        "expected": {
            "status": case.status,
            "facts": "; ".join(case.facts),
            "forbidden": "; ".join(case.forbidden),
            "sources": case.sources,
        },
        "why": list(_reasons(result)),
        "milliseconds": round(result.milliseconds, 1),
    }


def _reasons(result: Result) -> Iterator[tuple[str, str]]:
    """Each fault: its kind, and what was said or missed."""
    reply, verdict = result.reply, result.verdict
    if not verdict.status:
        yield "status", reply.status
    if not verdict.language:
        yield "language", reply.language
    if not verdict.cited:
        yield "uncited", ""
    quoted = {"missing": verdict.missing, "wrong": verdict.wrong, "unsupported": verdict.unsupported}
    for kind, items in (quoted | {"sources": verdict.strangers}).items():
        yield from ((kind, item) for item in items)


def compare(run: Run, before: Run) -> dict[str, Any]:
    """What changed for the cases that both runs asked, and what fell beyond noise."""
    shared = [id for id in run["passed"] if id in before["passed"]]
    fixed = [id for id in shared if run["passed"][id] and not before["passed"][id]]
    broken = [id for id in shared if before["passed"][id] and not run["passed"][id]]
    return {
        "name": before["run"]["began"],
        "passed": _shares(before),
        "fixed": fixed,
        "broken": broken,
        "fallen": _fallen(run, before, shared),
    }


def _shares(run: Run) -> dict[str, float]:
    passed = next(metric["values"] for metric in run["metrics"] if metric["id"] == "passed")
    return {language: passed[language]["value"] for language in LANGUAGES if language in passed}


def _fallen(run: Run, before: Run, shared: Sequence[str]) -> list[dict[str, Any]]:
    """Languages, categories, and categories of a language in which too many more broke than were mended."""
    groups: dict[tuple[str, str], list[str]] = {}
    for id in shared:
        language, category = run["groups"][id]
        for group in (("all", language), (category, "all"), (category, language)):
            groups.setdefault(group, []).append(id)
    found = []
    for (category, language), ids in groups.items():
        now, then = (sum(passed[id] for id in ids) for passed in (run["passed"], before["passed"]))
        luck = sign_test(run["passed"], before["passed"], ids)
        if luck < NOISE:
            share = {"before": then / len(ids), "now": now / len(ids), "p": luck}
            found.append({"what": category, "language": language, **share})
    return found


def sign_test(now: Mapping[str, bool], before: Mapping[str, bool], ids: Sequence[str]) -> float:
    """The chance of at least so many breaking among those that changed, were either way as likely (one-sided)."""
    broken = sum(before[id] and not now[id] for id in ids)
    changed = sum(before[id] != now[id] for id in ids)
    return float(sum(comb(changed, many) for many in range(broken, changed + 1)) / 2**changed)


def keep(run: Run, folder: Path) -> Path:
    """Write a run in a folder of its own, and let the oldest go; returns that folder."""
    home = folder / str(run["run"]["began"]).replace(":", "").replace("+0000", "")
    home.mkdir(parents=True, exist_ok=True)
    (home / FILE).write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
    for old in [path for path, _ in _alike(run, folder)][:-KEPT]:
        shutil.rmtree(old.parent)
    return home


def earlier(run: Run, folder: Path) -> list[Run]:
    """The runs kept of the same suites, asked the same way, oldest first; damaged ones are left out."""
    return [kept for _, kept in _alike(run, folder) if kept["run"]["began"] < run["run"]["began"]]


def _alike(run: Run, folder: Path) -> Iterator[tuple[Path, Run]]:
    """The files of runs of the same suites, asked the same way, and what is in them, oldest first."""
    for path in sorted(folder.glob(f"*/{FILE}")):
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            same = all(kept["run"][name] == run["run"][name] for name in ("suites", "through", "format"))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a run of another version, or cut short: a history has gaps
        if same:
            yield path, kept


def read_run(path: Path) -> Run:
    """A stored run; raises SettingsError."""
    try:
        run: Run = json.loads((path / FILE if path.is_dir() else path).read_text(encoding="utf-8"))
        if run["run"]["format"] != FORMAT:
            raise ValueError(f"format {run['run']['format']}")
        if not (isinstance(run["passed"], dict) and isinstance(run["groups"], dict)):
            raise ValueError("its verdicts are missing")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path} is no run that can be compared with ({error}); expected a run.json of data/runs"
        ) from error
    return run


def history(run: Run, before: Sequence[Run]) -> list[dict[str, Any]]:
    """The shares of passed cases over time, this run last."""
    return [{"began": each["run"]["began"], "passed": _shares(each)} for each in (*before, run)]
