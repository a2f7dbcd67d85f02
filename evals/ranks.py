"""How high the right things stand in a ranked list: recall@1, recall@5, MRR and nDCG@10 of one query."""

from collections.abc import Collection, Sequence
from math import log2

RANKS = ("recall1", "recall5", "mrr", "ndcg10")
DEPTH = 10  # of nDCG, as BEIR has it (Thakur et al., arXiv 2104.08663)


def score(found: Sequence[str], right: Collection[str]) -> dict[str, float]:
    """The four for what was `found`, best first, where all of `right` (at least one) was wanted; each 0…1."""
    places = [place for place, name in enumerate(found, 1) if name in right]
    ideal = sum(_gain(place) for place in range(1, min(len(right), DEPTH) + 1))
    return {
        "recall1": sum(place <= 1 for place in places) / len(right),
        "recall5": sum(place <= 5 for place in places) / len(right),
        "mrr": 1 / places[0] if places else 0.0,
        "ndcg10": sum(_gain(place) for place in places if place <= DEPTH) / ideal,
    }


def score_any(found: Sequence[str], right: Collection[str]) -> dict[str, float]:
    """The four where any one of `right` does as well as another."""
    first = next((name for name in found if name in right), "")
    return score(found, {first})


def _gain(place: int) -> float:
    return 1 / log2(place + 1)
