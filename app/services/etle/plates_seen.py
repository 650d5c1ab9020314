"""Which plate in a picture is the case's own, and which are other people's: the first is shown, the others are not.

The machine ranks its lines by how sure it is, not by whom the case is about: the plate on which the case stands, which
an officer may have corrected, decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from app.services.documents import Box
from app.services.reference import candidates

RESEMBLES = 0.6
"""Share of characters that a misread plate has in common with the right one: 2811 for 2911 has seven of eight."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture: the box of the case's own plate, the boxes that nobody else may read, and what was read of the own.

    `sure`: the line is this plate or can be misread from it; otherwise it is only the likeliest of all.
    """

    own: Box | None
    others: tuple[Box, ...]
    reading: Mapping[str, Any] | None = None
    sure: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    plates: tuple[str, ...]  # as read, then what the same characters may be
    box: Box
    result: Mapping[str, Any]


def plates_seen(reading: Mapping[str, Any] | None, pictures: int, plate: str | None) -> tuple[Seen | None, ...]:
    """For each picture of a capture what of it is `plate` (canonical); None where nobody has looked for plates in it.

    The first picture is never None: a ticket must carry its recording (PP 80/2012 art. 28), even one that no machine
    could open.
    """
    results = list(reading.get("results") or []) if reading else []
    read = set(reading.get("files_read") or [0]) if reading else set()  # readings of earlier versions had one picture
    found: list[Seen | None] = []
    for place in range(pictures):
        lines = [_line(each) for each in results if each.get("file", 0) == place]
        found.append(_split(lines, _own(lines, plate), sure=True) if place in read or place == 0 else None)
    if not any(each and each.own for each in found):
        _take_likeliest(found, results)
    return tuple(found)


def _take_likeliest(found: list[Seen | None], results: Sequence[Mapping[str, Any]]) -> None:
    """An officer read a plate that is like none of the machine's: the largest box of the first picture with any is kept.

    The camera aims at the vehicle, so its plate is the largest. To cover them all would take from the owner the only
    means to say 'that is not my plate', and to show them all would give away strangers.
    """
    for place, seen in enumerate(found):
        lines = [_line(each) for each in results if each.get("file", 0) == place]
        if seen is not None and lines:
            largest = max(lines, key=lambda line: _area(line.box))
            found[place] = _split(lines, [largest], sure=False)
            return


def _own(lines: Sequence[_Line], plate: str | None) -> list[_Line]:
    """The lines that are this plate: read so, else one that may be misread from it, else the one most like it."""
    if plate is None:
        return []
    exact = [line for line in lines if line.plates[0] == plate]
    if exact:
        return exact
    misread = [line for line in lines if plate in line.plates]
    if misread:
        return misread[:1]
    alike = max(lines, key=lambda line: _likeness(line, plate), default=None)
    return [alike] if alike is not None and _likeness(alike, plate) >= RESEMBLES else []


def _split(lines: Sequence[_Line], own: Sequence[_Line], *, sure: bool) -> Seen:
    others = tuple(line.box for line in lines if not any(line is each for each in own))
    return Seen(own[0].box, others, own[0].result, sure=sure) if own else Seen(None, others)


def _line(result: Mapping[str, Any]) -> _Line:
    alternatives = [str(plate) for plate, _confidence in result.get("alternatives") or []]
    misread_from = [each.plate.canonical for each in candidates(str(result.get("raw") or ""))]
    x0, y0, x1, y1 = (int(side) for side in result["box"])
    return _Line((str(result["plate"]), *alternatives, *misread_from), (x0, y0, x1, y1), result)


def _likeness(line: _Line, plate: str) -> float:
    return max(SequenceMatcher(None, each, plate, autojunk=False).ratio() for each in line.plates)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
