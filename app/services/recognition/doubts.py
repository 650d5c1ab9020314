"""Which characters of a reading a person should look at again, and what else may stand there.

A plate that is sure as a whole may hang on one stroke: Q is an O with a tail, G a C with a bar, B an 8. The officer is shown that
place, not only the number that sums all places up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.services.reference import lookalikes

DOUBTFUL_BELOW = 0.98
"""A character that is right less often than this is marked (docs/plate-reader.md: what that catches, and how much it marks)."""

MOST_OTHERS = 4


@dataclass(frozen=True, slots=True)
class ReadCharacter:
    """One character of a plate as it was read. `confidence` is 0 to 1; `others` may stand there as well, likeliest first, and are
    named only where it is `doubtful`."""

    character: str
    confidence: float
    doubtful: bool = False
    others: tuple[str, ...] = ()


def read_characters(plate: str, confidences: Sequence[float], alternatives: Sequence[str]) -> tuple[ReadCharacter, ...]:
    """The letters and digits of a canonical plate with their confidences; nothing where the reader gave none.

    `alternatives` are the other plates that were thought possible, likeliest first. What they have in a place comes before what merely
    looks alike there."""
    if len(confidences) != len(plate):
        return ()
    return tuple(
        _read(plate, place, confidence, alternatives)
        for place, confidence in enumerate(confidences)
        if plate[place].isalnum()
    )


def _read(plate: str, place: int, confidence: float, alternatives: Sequence[str]) -> ReadCharacter:
    character = plate[place]
    if confidence >= DOUBTFUL_BELOW:
        return ReadCharacter(character, confidence)
    elsewhere = [other[place] for other in alternatives if len(other) == len(plate)]
    others = [other for other in dict.fromkeys([*elsewhere, *lookalikes(character)]) if other != character]
    return ReadCharacter(character, confidence, doubtful=True, others=tuple(others[:MOST_OTHERS]))
