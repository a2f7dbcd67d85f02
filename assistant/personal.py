"""Personal data in what a patron writes, masked before a language model sees it."""

import re

# With a +, as airlock-pii knows only Kazakhstan's and its neighbours' numbers.
_ABROAD = re.compile(r"\+\d[\d\s().-]{7,}\d")
# As it is read out, by halves: airlock-pii tells it by its check digits only where it is written as one.
_HALVES = re.compile(r"(?<!\d)(\d{6})[ \u00a0-](\d{6})(?!\d)")


def masked(text: str) -> str:
    """`text` with [IIN], [CARD], [PHONE], [EMAIL] … in place of these; shelf marks, ISBNs, years and sums stay.

    Numbers are told by their check digits. Names are left: "Абай атындағы кітапхана" is a question, not a person.
    """
    from airlock_pii import EntityType, detect  # of the extra `llm`

    text = _HALVES.sub(lambda found: "[IIN]" if detect(found[1] + found[2], types=[EntityType.IIN]) else found[0], text)
    kinds = [kind for kind in EntityType if kind is not EntityType.PERSON]
    for entity in reversed(detect(text, types=kinds)):
        text = f"{text[: entity.start]}[{entity.type.value}]{text[entity.end :]}"
    return _ABROAD.sub("[PHONE]", text)
