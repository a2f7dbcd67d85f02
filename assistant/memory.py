"""What a conversation may still lean on: an index, and prompts, may have been switched in since a turn was answered."""

from collections.abc import Container

from assistant.index import Index
from assistant.schema import Plan, Turn
from assistant.writer import pair


def remembered(turn: Turn, index: Index, intents: Container[str]) -> Turn:
    """The turn without the entries and the plans that speak of what is gone; its words stay as they are."""
    entities = tuple(entity for entity in turn.focus.entities if entity in index.catalogue.entries)
    plans = turn.focus.plans if all(_is_held(plan, index, intents) for plan in turn.focus.plans) else ()
    return turn.model_copy(update={"focus": turn.focus.model_copy(update={"entities": entities, "plans": plans})})


def _is_held(plan: Plan, index: Index, intents: Container[str]) -> bool:
    catalogue = index.catalogue
    return (
        all(aspect in catalogue.known or aspect in index.documents for aspect in plan.aspects)
        and all(entry in catalogue.entries for entry in plan.entries)
        and all(place in catalogue.places for place in plan.places)
        and all(pair(facet) in catalogue.facets for facet in plan.facets)
        and (plan.kind != "intent" or plan.topic in intents)
    )
