"""What `make bench` measures with; the bench itself needs torch, and minutes."""

import time
from pathlib import Path

import httpx
import pytest

from assistant.schema import Turn
from evals.cases import read_cases
from evals.evidence import has_evidence
from evals.load import Load, one_by_one, together
from evals.steps import STEPS
from tests.conftest import Serve, stand_in

SUITE = Path(__file__).parent.parent / "evals" / "suites" / "core.csv"


def port_of(client: httpx.Client) -> int:
    port = client.base_url.port
    assert port
    return port


def test_every_step_is_a_part_of_the_path() -> None:
    assert all(callable(getattr(owner, name)) for places in STEPS.values() for owner, name in places)


def test_the_suite_has_cases_in_each_language() -> None:
    assert {case.language for case in read_cases(SUITE) if has_evidence(case)} == {"kk", "ru", "en"}


def test_one_by_one_asks_every_question_once(serve: Serve) -> None:
    asked: list[str] = []

    def answer(message: str, *more: object) -> Turn:
        asked.append(message)
        return stand_in(message, None, [])

    with serve(answer=answer) as client:
        load = one_by_one(port_of(client), ["а", "б", "в"])
    assert asked == ["а", "б", "в"]
    assert len(load.times) == 3


def test_together_asks_side_by_side(serve: Serve) -> None:
    def answer(message: str, *more: object) -> Turn:
        time.sleep(0.05)
        return stand_in(message, None, [])

    with serve(answer=answer) as client:
        load = together(port_of(client), ["а", "б"], callers=2, seconds=1.0)
    assert 20 < load.rate() <= 40
    assert load.percentile(50) >= 50


def test_a_fault_of_the_server_ends_the_load(serve: Serve) -> None:
    def answer(message: str, *more: object) -> Turn:
        raise ValueError("broken")

    with serve(answer=answer) as client, pytest.raises(AssertionError, match="500"):
        together(port_of(client), ["а"], callers=2, seconds=1.0)


def test_figures_are_of_all_answers() -> None:
    load = Load(times=[float(ms) for ms in range(1, 101)], seconds=4.0)
    assert (load.rate(), load.percentile(50)) == (25.0, 50.5)
