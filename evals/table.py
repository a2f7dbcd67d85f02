"""A run for a terminal: categories and totals by language, ways of typing, what changed."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from assistant.knowledge import LANGUAGES, Language
from evals.words import say

VARIANT = "variant-"  # what the category of retyped questions begins with
COLUMNS = (*LANGUAGES, "all")
Run = dict[str, Any]


def show(run: Run, language: Language, console: Console) -> None:
    """Print all of it in a language."""
    console.print(_categories(run, language))
    console.print(_totals(run, language))
    if run.get("llm"):
        console.print(_model(run["llm"], language))
    if run["variants"]:
        console.print(_variants(run, language))
    for name, compared in run["compared"].items():
        if compared:
            console.print(*_changes(name, compared, language), sep="\n")


def _table(title: str, language: Language, columns: tuple[str, ...]) -> Table:
    heads = (say(f"language.{column}", language, column) for column in columns)
    return Table("", *heads, title=say(title, language, title), title_justify="left")


def _categories(run: Run, language: Language) -> Table:
    table = _table("heat", language, LANGUAGES)
    for row in run["categories"]:
        cells = (_passed(row.get(spoken)) for spoken in LANGUAGES)
        table.add_row(_category(row["category"], language), *cells)
    return table


def _passed(cell: dict[str, int] | None) -> str:
    return f"{cell['passed']}/{cell['of']}" if cell else ""


def _totals(run: Run, language: Language) -> Table:
    table = _table("totals", language, COLUMNS)
    for metric in run["metrics"]:
        cells = (_value(metric["values"].get(column), metric["unit"], language) for column in COLUMNS)
        table.add_row(say(f"metric.{metric['id']}", language, metric["id"]), *cells)
    return table


def _model(told: dict[str, Any], language: Language) -> str:
    """The language model's part, in one paragraph."""
    fallbacks = ", ".join(f"{reason} {count}" for reason, count in sorted(told["fallbacks"].items()))
    shown = {**told, "fell_back": sum(told["fallbacks"].values()), "why": f" ({fallbacks})" if fallbacks else ""}
    text = "{model}: {written} written, {fell_back} fallbacks{why}, {tokens_per_second} tokens/s, {whole_ms} ms"
    return say("llm", language, text).format(**shown)


def _value(figure: dict[str, float] | None, unit: str, language: Language) -> str:
    """A figure with its interval: 95.8 (93–98)."""
    if figure is None:
        return ""
    scale = 100 if unit == "share" else 1
    text = "{:.1f} ({:.0f}–{:.0f})".format(*(scale * figure[name] for name in ("value", "low", "high")))
    return text if language == "en" else text.replace(".", ",")


def _variants(run: Run, language: Language) -> Table:
    """How much of the clean score each way of typing keeps."""
    table = _table("typed", language, LANGUAGES)
    kinds = dict.fromkeys(row["variant"] for row in run["variants"])
    for kind in kinds:
        rows = {row["language"]: row for row in run["variants"] if row["variant"] == kind}
        cells = (_kept(rows.get(spoken), language) for spoken in LANGUAGES)
        table.add_row(say(f"variant.{kind}", language, kind), *cells)
    return table


def _kept(row: dict[str, float] | None, language: Language) -> str:
    return _value({**row, "value": row["ratio"]}, "share", language) if row else ""


def _changes(name: str, compared: dict[str, Any], language: Language) -> Iterator[str]:
    against = say(f"against.{name}", language, name)
    counts = {"fixed": len(compared["fixed"]), "broken": len(compared["broken"])}
    yield f"{against}: " + say("moved", language, "{fixed} / {broken}").format(**counts)
    if compared["fallen"]:
        yield say("fallen", language, "fallen:")
    for fall in compared["fallen"]:
        what = say("metric.passed", language, "passed") if fall["what"] == "all" else _category(fall["what"], language)
        spoken = say(f"language.{fall['language']}", language, fall["language"])
        yield f"  {what}, {spoken}: {_share(fall['before'], language)} → {_share(fall['now'], language)}"


def _category(name: str, language: Language) -> str:
    """A category in a reader's words; that of retyped questions by the way of typing."""
    if name.startswith(VARIANT):
        typed = name.removeprefix(VARIANT)
        return say("category.variant", language, "{name}").format(name=say(f"variant.{typed}", language, typed))
    return say(f"category.{name}", language, name)


def _share(share: float, language: Language) -> str:
    text = f"{100 * share:.1f} %"
    return text if language == "en" else text.replace(".", ",")
