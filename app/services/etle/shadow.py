"""A recogniser that is only watched reads the same captures, and what it says is kept beside what counted.

So a new one proves itself on a unit's own streets before it decides anything (docs/recognisers.md). It runs after the capture was taken up, as
a job of its own: whatever it does, no case waits for it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import Problem
from app.services import cameras
from app.services.etle.models import ShadowReading
from app.services.recognition import Hints, PlannedRecogniser, Reading, hints_for

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Compared:
    """How often a shadow and the reader that counted said what, picture by picture. `agree` holds also where both saw nothing; `away`
    where the shadow could not be asked."""

    backend: str | None
    shadow: str
    pictures: int
    agree: int
    differ: int
    only_counted: int
    only_shadow: int
    away: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A picture that the two read differently."""

    capture_id: UUID
    position: int
    backend: str | None
    plate: str | None
    confidence: float
    shadow: str
    shadow_plate: str | None
    shadow_confidence: float


async def read_in_shadow(house: House, capture_id: str) -> None:
    """Job: have the shadow of this camera's plan read a capture that was taken up. Twice is once; a shadow that is away is noted and
    not asked again."""
    async with house.db.begin(SYSTEM) as tx:
        capture = await cameras.get_capture(tx.session, UUID(capture_id))
        at = capture.captured_at
        hints = await hints_for(tx.session, capture.device_id, capture.unit, captured_at=at)
        known = select(func.count()).where(col(ShadowReading.capture_id) == capture.id)
        done = (await tx.session.execute(known)).scalar_one() > 0
    name = house[PlannedRecogniser].shadow_for(hints)
    if done or name is None:
        return
    answers = [await _read(house, name, await cameras.read_original(house, file), hints) for file in capture.files]
    backend = (capture.reading or {}).get("backend")
    counted = {line["file"]: line for line in reversed(list(_lines(capture.reading)))}
    async with house.db.begin(SYSTEM) as tx:
        await tx.serialise(f"shadow:{capture.id}")
        if (await tx.session.execute(known)).scalar_one():
            return
        for position, answer in enumerate(answers):
            line = counted.get(position, {})
            best = next(iter(answer.results), None) if isinstance(answer, Reading) else None
            tx.session.add(
                ShadowReading(
                    capture_id=capture.id,
                    position=position,
                    backend=str(backend) if backend else None,
                    plate=line.get("plate"),
                    confidence=line.get("confidence", 0.0),
                    shadow=name,
                    shadow_plate=best.plate if best else None,
                    shadow_confidence=best.confidence if best else 0.0,
                    shadow_ms=answer.elapsed_ms if isinstance(answer, Reading) else 0,
                    problem=None if isinstance(answer, Reading) else answer.type.code,
                    read_at=tx.now,
                )
            )


async def compared(connection: AsyncConnection, *, since: datetime) -> list[Compared]:
    """Each pair of readers since then, and how often they agreed."""
    plate, shadow_plate = col(ShadowReading.plate), col(ShadowReading.shadow_plate)
    said = case(
        (col(ShadowReading.problem).is_not(None), "away"),
        (plate.is_(None) & shadow_plate.is_(None), "agree"),
        (shadow_plate.is_(None), "only_counted"),
        (plate.is_(None), "only_shadow"),
        (plate == shadow_plate, "agree"),
        else_="differ",
    )
    query = (
        select(col(ShadowReading.backend), col(ShadowReading.shadow), said, func.count())
        .where(col(ShadowReading.read_at) >= since)
        .group_by(col(ShadowReading.backend), col(ShadowReading.shadow), said)
    )
    pairs: dict[tuple[str | None, str], Counter[str]] = {}
    for backend, shadow, word, count in await connection.execute(query):
        pairs.setdefault((backend, shadow), Counter())[word] += count
    words = ("agree", "differ", "only_counted", "only_shadow", "away")
    ordered = sorted(pairs.items(), key=lambda pair: (pair[0][0] or "", pair[0][1]))
    return [Compared(*pair, counts.total(), *(counts[word] for word in words)) for pair, counts in ordered]


async def disagreements(connection: AsyncConnection, *, since: datetime, most: int) -> list[Disagreement]:
    """The newest pictures that the two read differently, one of them perhaps not at all; at most `most`."""
    plate, shadow_plate = col(ShadowReading.plate), col(ShadowReading.shadow_plate)
    query = (
        select(
            col(ShadowReading.capture_id),
            col(ShadowReading.position),
            col(ShadowReading.backend),
            plate,
            col(ShadowReading.confidence),
            col(ShadowReading.shadow),
            shadow_plate,
            col(ShadowReading.shadow_confidence),
        )
        .where(
            col(ShadowReading.read_at) >= since,
            col(ShadowReading.problem).is_(None),
            func.coalesce(plate, "") != func.coalesce(shadow_plate, ""),
        )
        .order_by(col(ShadowReading.read_at).desc(), col(ShadowReading.capture_id), col(ShadowReading.position))
        .limit(min(most, MOST_LISTED))
    )
    return [Disagreement(*row) for row in await connection.execute(query)]


async def _read(house: House, name: str, image: bytes, hints: Hints) -> Reading | Problem:
    try:
        return await house[PlannedRecogniser].ask(name, image, hints)
    except Problem as problem:
        return problem


def _lines(reading: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    yield from (reading or {}).get("results") or []
