"""Progress without a terminal: lines, not too many."""

from ingest.progress import watched


def test_everything_is_handed_on_and_told_at_every_turn() -> None:
    said: list[str] = []
    assert list(watched(iter("abc"), 3, "Embedding texts", said.append, quiet=0)) == ["a", "b", "c"]
    assert said == ["Embedding texts 1/3…", "Embedding texts 2/3…", "Embedding texts 3/3…"]


def test_what_is_soon_done_is_not_told() -> None:
    said: list[str] = []
    assert list(watched(range(1000), 1000, "Verifying", said.append)) == list(range(1000))
    assert said == []
