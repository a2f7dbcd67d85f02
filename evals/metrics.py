"""Verdicts → figures, each with a bootstrap interval: what a run is worth, by language."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.knowledge import LANGUAGES
from assistant.schema import Reply
from evals.cases import Case
from evals.checks import Verdict

ROUNDS = 1000  # resamples of the bootstrap (Efron and Tibshirani 1993 ask for 1,000 for an interval)
INTERVAL = (2.5, 97.5)
TWO_PARTS = "twopart"  # the category of cases that ask two things at once

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """A case, the reply to its last turn, the verdict, the milliseconds it took, and how its evidence was ranked."""

    case: Case
    reply: Reply
    verdict: Verdict
    milliseconds: float
    ranks: Mapping[str, float]


@dataclass(frozen=True)
class Figure:
    """A value with its interval, and the number of cases behind it."""

    value: float
    low: float
    high: float
    of: int


@dataclass(frozen=True)
class Metric:
    """One figure a language, and "all". `bar`: what it has to reach (the quality bars); `unit`: share, ms or points."""

    id: str
    values: dict[str, Figure]
    better: str = "high"
    bar: float | None = None
    unit: str = "share"


Read = Callable[[Result], float | None]


def _of(counts: Callable[[Result], bool], holds: Callable[[Result], bool]) -> Read:
    """1 or 0 for the results that count, None for the rest."""
    return lambda result: float(holds(result)) if counts(result) else None


def _answered(result: Result) -> bool:
    return result.reply.status == "answered"


REFUSALS = ("unknown", "declined")
# id, what is read off each result, which way is better, and the bar
SHARES: tuple[tuple[str, Read, str, float | None], ...] = (
    ("passed", _of(lambda r: True, lambda r: r.verdict.passed), "high", None),
    ("facts", _of(lambda r: r.case.is_answerable, lambda r: r.verdict.status and not r.verdict.missing), "high", 0.95),
    ("forbidden", _of(lambda r: _answered(r) and bool(r.case.forbidden), lambda r: bool(r.verdict.wrong)), "low", 0.0),
    ("hallucinated", _of(lambda r: r.case.is_unanswerable, _answered), "low", 0.03),
    ("refused", _of(lambda r: r.case.is_answerable, lambda r: r.reply.status in REFUSALS), "low", 0.03),
    ("clarified", _of(lambda r: r.case.is_answerable, lambda r: r.reply.status == "clarify"), "low", 0.1),
    ("both", _of(lambda r: r.case.category == TWO_PARTS, lambda r: r.verdict.passed), "high", 0.9),
    ("language", _of(lambda r: True, lambda r: r.verdict.language), "high", 0.995),
    ("cited", _of(_answered, lambda r: r.verdict.cited), "high", 1.0),
    ("supported", _of(_answered, lambda r: not r.verdict.unsupported), "high", 1.0),
)
RANKED = ("recall1", "recall5", "mrr", "ndcg10", "cross_recall1", "cross_recall5", "cross_mrr", "cross_ndcg10")
PARITY = 3.0  # points between the best and the worst language
ROBUST = 0.92  # of the clean score that every way of typing has to keep


def metrics(results: Sequence[Result]) -> list[Metric]:
    """All figures of the cases as they stand in the suites (no variants)."""
    found = [Metric(name, _by_language(results, read), better, bar) for name, read, better, bar in SHARES]
    found += [Metric(name, _by_language(results, _rank(name))) for name in RANKED]
    times = [("p50", 50), ("p95", 95)]
    found += [Metric(name, _by_language(results, _time, _percentile(at)), "low", None, "ms") for name, at in times]
    parity = Metric("parity", {"all": _parity(results)}, "low", PARITY, "points")
    return [metric for metric in (found[0], parity, *found[1:]) if metric.values]


def _rank(name: str) -> Read:
    return lambda result: result.ranks.get(name)


def _time(result: Result) -> float:
    return result.milliseconds


def _mean(values: Values) -> Values:
    return np.asarray(values.mean(axis=-1))


def _percentile(at: int) -> Callable[[Values], Values]:
    return lambda values: np.asarray(np.percentile(values, at, axis=-1))


def _by_language(
    results: Sequence[Result], read: Read, statistic: Callable[[Values], Values] = _mean
) -> dict[str, Figure]:
    found = {}
    for language in (*LANGUAGES, "all"):
        values = [read(result) for result in results if language in ("all", result.case.language)]
        numbers = np.array([value for value in values if value is not None])
        if len(numbers):
            found[language] = figure(numbers, statistic)
    return found


def figure(values: Values, statistic: Callable[[Values], Values] = _mean) -> Figure:
    """A statistic of `values` with the interval of ROUNDS resamples."""
    drawn = statistic(values[_draws(len(values))])
    return _figure(float(statistic(values)), drawn, len(values))


def _draws(count: int) -> NDArray[np.int64]:
    """Row numbers of ROUNDS resamples; the same for the same count, so that equal runs print equal intervals."""
    return np.random.default_rng(11).integers(0, count, (ROUNDS, count))


def _figure(value: float, drawn: Values, count: int) -> Figure:
    low, high = np.percentile(drawn, INTERVAL)
    return Figure(value, float(low), float(high), count)


def _parity(results: Sequence[Result]) -> Figure:
    """Points between the languages' shares of passed cases."""
    passed = [np.array([r.verdict.passed for r in results if r.case.language == language]) for language in LANGUAGES]
    spoken = [values.astype(np.float64) for values in passed if len(values)]
    drawn = np.stack([values[_draws(len(values))].mean(axis=1) for values in spoken])
    gap = np.ptp([values.mean() for values in spoken])
    return _figure(100 * float(gap), 100 * np.ptp(drawn, axis=0), len(results))


@dataclass(frozen=True)
class Robustness:
    """A way of typing: its score, that of the same cases typed clean, and the first ÷ the second with its interval."""

    variant: str
    language: str
    score: float
    clean: float
    ratio: float
    low: float
    high: float
    of: int


def robustness(clean: Sequence[Result], typed: Sequence[Result]) -> Iterator[Robustness]:
    """For every way of typing and language, how much of the clean score is left; cases are resampled in pairs.

    There is nothing to keep, and no share of it, where no case passes clean.
    """
    passed = {result.case.id: float(result.verdict.passed) for result in clean}
    for variant, language in dict.fromkeys((r.case.variant or "", r.case.language) for r in typed):
        mine = [r for r in typed if (r.case.variant, r.case.language) == (variant, language)]
        scores = np.array([float(r.verdict.passed) for r in mine])
        before = np.array([passed[r.case.id] for r in mine])
        if not before.any():
            continue
        draws = _draws(len(mine))
        draws = draws[before[draws].any(axis=1)]
        whole = _figure(float(_ratio(scores, before)), _ratio(scores[draws], before[draws]), len(mine))
        yield Robustness(variant, language, scores.mean(), before.mean(), whole.value, whole.low, whole.high, len(mine))


def _ratio(scores: Values, clean: Values) -> Values:
    return np.asarray(scores.mean(axis=-1) / clean.mean(axis=-1))


@dataclass(frozen=True)
class Tally:
    """How many cases of a category passed in a language."""

    category: str
    language: str
    passed: int
    of: int


def tallies(results: Sequence[Result]) -> list[Tally]:
    """By category and language, categories in alphabetical order."""
    groups: dict[tuple[str, str], list[bool]] = {}
    for result in results:
        groups.setdefault((result.case.category, result.case.language), []).append(result.verdict.passed)
    return [Tally(category, language, sum(p), len(p)) for (category, language), p in sorted(groups.items())]
