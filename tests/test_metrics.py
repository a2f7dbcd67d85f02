"""Checks, ranks and figures, on replies made by hand."""

import numpy as np
import pytest

from assistant.schema import Citation, Reply
from evals.cases import Case
from evals.checks import judge, unsupported
from evals.metrics import Metric, Result, figure, metrics, robustness
from evals.ranks import score, score_any

CITED = Citation(n=1, id="kostanay#about", title="Kostanay", source="Guide", url=None, quote="It holds 12,500 books.")


def case(id: str = "a", language: str = "en", **given: object) -> Case:
    return Case.model_validate(
        {"id": id, "language": language, "turns": "?", "status": "answered", "category": "library", **given}
    )


def reply(answer: str = "It holds 12,500 books [1].", status: str = "answered", language: str = "en") -> Reply:
    citations = (CITED,) if "[1]" in answer else ()
    return Reply.model_validate({"language": language, "status": status, "answer": answer, "citations": citations})


def result(asked: Case, said: Reply, milliseconds: float = 10.0) -> Result:
    return Result(asked, said, judge(asked, said), milliseconds, {})


@pytest.mark.parametrize(
    ("given", "said", "fault"),
    [
        ({"facts": "12500"}, reply(), None),
        ({"facts": "12500;2015"}, reply(), ("missing", ("2015",))),
        ({"forbidden": "12 500"}, reply(), ("wrong", ("12 500",))),
        ({}, reply("It holds books."), ("cited", False)),
        ({}, reply("It holds 13,000 books [1]."), ("unsupported", ("It holds 13,000 books [1].",))),
        ({"forbidden": "12500", "status": "unknown"}, reply(status="unknown"), ("wrong", ("12500",))),
        ({}, reply("Кітапханада 12 500 кітап бар, олар оқырманға ашық [1]."), ("language", False)),
        ({"sources": "pavlodar"}, reply(), ("strangers", ("kostanay#about",))),
        ({"sources": "kostanay"}, reply(), None),
        ({"sources": "kostanay#about|x"}, reply(), None),
        ({}, reply(language="ru"), ("language", False)),
        ({}, reply("I do not know.", "unknown"), ("status", False)),
        ({"status": "unknown|clarify", "facts": "1"}, reply("I do not know.", "unknown"), None),
    ],
)
def test_a_reply_is_judged(given: dict[str, str], said: Reply, fault: tuple[str, object] | None) -> None:
    verdict = judge(case(**given), said)
    assert verdict.passed == (fault is None)
    if fault:
        assert getattr(verdict, fault[0]) == fault[1]


def by_id(found: list[Metric]) -> dict[str, Metric]:
    return {metric.id: metric for metric in found}


def test_invention_and_refusal_are_told_apart() -> None:
    refused = result(case("a"), reply("No.", "unknown"))
    invented = result(case("b", status="unknown"), reply())
    honest = result(case("c", status="unknown"), reply("No.", "unknown"))
    found = by_id(metrics([refused, invented, honest]))
    assert found["hallucinated"].values["en"].value == 0.5
    assert found["refused"].values["en"].value == 1.0
    assert found["facts"].values["en"].value == 0.0
    assert found["passed"].values["all"].of == 3
    assert "kk" not in found["passed"].values and "both" not in found


def test_parity_is_the_gap_between_languages() -> None:
    right = [result(case(f"e{n}"), reply()) for n in range(10)]
    russian = CITED.model_copy(update={"quote": "В ней 12 500 книг."})
    said = reply("В ней 12 500 книг [1].", language="ru").model_copy(update={"citations": (russian,)})
    half = [result(case(f"r{n}", "ru", facts="7" * (n % 2)), said) for n in range(10)]
    assert by_id(metrics(right + half))["parity"].values["all"].value == pytest.approx(50)


def test_times_are_percentiles() -> None:
    found = by_id(metrics([result(case(str(n)), reply(), float(n)) for n in range(101)]))
    assert found["p50"].values["en"].value == 50 and found["p95"].values["en"].value == 95


def test_an_interval_holds_its_value_and_narrows_with_more_cases() -> None:
    few, many = (figure(np.array([1.0, 0.0] * n)) for n in (10, 1000))
    assert few.low < few.value < few.high
    assert few.high - few.low > 5 * (many.high - many.low)
    assert figure(np.array([1.0, 0.0] * 10)) == few


def test_there_is_no_share_of_nothing() -> None:
    clean = [result(case(str(n)), reply("No.", "unknown")) for n in range(4)]
    typed = [result(case(str(n)).model_copy(update={"variant": "typos"}), reply()) for n in range(4)]
    assert list(robustness(clean, typed)) == []


def test_a_declined_question_is_refused() -> None:
    declined = result(case("a"), reply("I will not.", "declined"))
    assert by_id(metrics([declined]))["refused"].values["en"].value == 1.0


def test_robustness_is_of_the_same_cases() -> None:
    clean = [result(case(str(n)), reply()) for n in range(4)] + [result(case("x"), reply("No.", "unknown"))]
    typed = [
        result(case(str(n)).model_copy(update={"variant": "typos"}), reply() if n else reply("No.", "unknown"))
        for n in range(4)
    ]
    (found,) = robustness(clean, typed)
    assert (found.variant, found.language, found.score, found.clean, found.ratio) == ("typos", "en", 0.75, 1.0, 0.75)
    assert found.low < 0.75 < found.high


def test_ranks() -> None:
    found = score(["a", "b", "c"], {"b", "z"})
    assert found["recall1"] == 0 and found["recall5"] == 0.5 and found["mrr"] == 0.5
    assert found["ndcg10"] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert score_any(["a", "b", "c"], {"b", "c"})["recall5"] == 1.0
    assert set(score_any(["a"], {"b"}).values()) == {0.0}


def test_every_passage_cited_must_bear_its_sentence() -> None:
    cats = CITED.model_copy(update={"n": 2, "title": "Cats", "quote": "Whiskers purr."})
    said = reply("It holds 12,500 books [1][2].").model_copy(update={"citations": (CITED, cats)})
    assert unsupported(said) == ("It holds 12,500 books [1][2].",)
    assert unsupported(reply()) == ()
