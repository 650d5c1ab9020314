"""Several readings of one picture become one.

A plate has the vote of each reader that saw it anywhere in the picture. The most votes win, then the greater
belief. Agreement adds nothing to the confidence, for readers share errors (a slashed zone, dirt, a screw); disagreement
takes away: the winner keeps the share of its confidence that the readers gave it, which falls below what a policy
accepts, so that a person looks.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.services.recognition.reading import Alternative, PlateReading, Reading, Vote

_MOST_ALTERNATIVES = 5


def counted(readings: Sequence[Reading], *, elapsed_ms: int) -> Reading:
    """One reading of several, each by another reader. Other plates of the picture stay, from whoever saw them."""
    votes = tuple(_vote(reading) for reading in readings)
    backend = f"vote({','.join(reading.backend for reading in readings)})"
    seen: dict[str, list[PlateReading]] = {}
    for reading in readings:
        for plate in {line.plate: line for line in reversed(reading.results)}.values():
            seen.setdefault(plate.plate, []).append(plate)
    ranked = sorted(seen.values(), key=lambda lines: (-len(lines), -sum(line.confidence for line in lines)))
    results: list[PlateReading] = []
    for lines in ranked:
        best = _scaled(max(lines, key=lambda line: line.confidence), len(lines) / len(readings))
        rival = next((taken for taken in results if taken.box.overlaps(best.box)), None)
        if rival is None:
            results.append(best)
        else:  # the same place read otherwise
            results[results.index(rival)] = _with_alternative(rival, best)
    return Reading(tuple(results), backend, elapsed_ms, votes)


def _vote(reading: Reading) -> Vote:
    best = next(iter(reading.results), None)
    return Vote(reading.backend, best.plate if best else None, best.confidence if best else 0.0)


def _scaled(line: PlateReading, share: float) -> PlateReading:
    return replace(
        line,
        confidence=round(line.confidence * share, 4),
        characters=tuple(round(each * share, 4) for each in line.characters),
        alternatives=tuple(Alternative(each.plate, round(each.confidence * share, 4)) for each in line.alternatives),
    )


def _with_alternative(line: PlateReading, other: PlateReading) -> PlateReading:
    others = {each.plate: each for each in line.alternatives}
    others[other.plate] = Alternative(other.plate, min(other.confidence, line.confidence))
    ranked = sorted(others.values(), key=lambda each: -each.confidence)
    return replace(line, alternatives=tuple(ranked[:_MOST_ALTERNATIVES]))
