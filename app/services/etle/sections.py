"""Average speed over a stretch of road: two cameras, two clocks, one plate (section control).

A picture at one end accuses nobody. Only where both ends show the same plate beyond doubt, and the least speed that both
clocks allow is over the limit by more than the policy's tolerance, a case is opened on the exit's picture, with the
entry's beside it. Pictures may be read in any order. Length and limit count when a second person has confirmed them.

A camera in the middle of a road serves several sections, each measured by itself. Pairs that share a picture are one drive,
and one drive is one case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Text
from app.services import cameras, reference, transparency
from app.services.etle.passage_models import RoadSection, SectionPassage
from app.services.etle.passages import Instant, instant_of, least_kmh
from app.services.etle.problems import SECTION_FOUR_EYES, SECTION_IS_OPEN, SECTION_NOT_FOUND
from app.services.etle.store import polda_seen_from
from app.services.etle.views import AverageSpeed
from app.services.identity.models import Credential
from app.services.reference import EtlePolicy

SLOWEST_KMH = 10
"""An entry is looked for as far back as this speed takes; whoever was slower stopped on the way."""
MOST_SECTIONS = 500


@dataclass(frozen=True, slots=True)
class TooFast:
    """A pair that is a violation: both captures, and the speed in whole km/h (rounded down) over so many metres."""

    section_id: UUID
    entry_id: UUID
    exit_id: UUID
    kmh: int
    metres: int


@dataclass(frozen=True, slots=True)
class NewSection:
    """A section as somebody enters it; cameras by their client ids."""

    name: str
    entry_client_id: str
    exit_client_id: str
    length_m: int
    limit_kmh: int
    violation_code: str


async def sections_of(tx: Tx, capture: cameras.CaptureView) -> Sequence[RoadSection]:
    """The sections at whose end this capture was taken for their violation, the eldest first; none where it is an ordinary one."""
    query = select(RoadSection).where(_measured_at(capture.device_id, capture.violation_code))
    eldest_first = query.order_by(col(RoadSection.opened_at), col(RoadSection.id)).limit(MOST_SECTIONS)
    return (await tx.session.execute(eldest_first)).scalars().all()


async def ends_one(source: AsyncConnection, device_id: UUID, violation_code: str) -> bool:
    """Whether this camera stands at an end of a section that is measured for this violation."""
    query = select(col(RoadSection.id)).where(_measured_at(device_id, violation_code)).limit(1)
    return (await source.execute(query)).first() is not None


def _measured_at(device_id: UUID, violation_code: str) -> ColumnElement[bool]:
    return and_(
        or_(col(RoadSection.entry_device_id) == device_id, col(RoadSection.exit_device_id) == device_id),
        col(RoadSection.violation_code) == violation_code,
        col(RoadSection.confirmed_at).is_not(None),
        col(RoadSection.closed_at).is_(None),
    )


async def average_of(source: AsyncConnection | AsyncSession, exit_id: UUID) -> AverageSpeed | None:
    """What was measured up to this capture at the end of a section, and opened a case; None where it is an ordinary one."""
    entry = aliased(SectionPassage)
    query: Select[*tuple[Any, ...]] = (
        select(
            col(SectionPassage.measured_kmh),
            col(RoadSection.length_m),
            col(RoadSection.limit_kmh),
            col(entry.passed_at).label("entered_at"),
            col(SectionPassage.passed_at).label("left_at"),
        )
        .join(RoadSection, col(RoadSection.id) == col(SectionPassage.section_id))
        .join(
            entry,
            (col(entry.capture_id) == col(SectionPassage.other_id))
            & (col(entry.section_id) == col(SectionPassage.section_id)),
        )
        .where(col(SectionPassage.capture_id) == exit_id, col(SectionPassage.opened_case))
    )
    row = (await source.execute(query)).one_or_none()
    return None if row is None else AverageSpeed(int(row[0]), *row[1:])


async def note_passages(
    tx: Tx, ends: Sequence[RoadSection], capture: cameras.CaptureView, plate: str, policy: EtlePolicy
) -> list[TooFast]:
    """Keep a sure passage at one end of each of these sections, and measure where the other end is known; the pairs that were
    too fast. What one plate drove is decided one by one: two pairs that share a picture must find each other's case."""
    await tx.serialise(f"sections:{plate}")
    instant = await instant_of(tx, capture, tolerance=timedelta(minutes=policy.clock_tolerance_minutes))
    found = [await _note_passage(tx, section, capture, plate, instant=instant, policy=policy) for section in ends]
    return [each for each in found if each is not None]


async def accuse(tx: Tx, pair: TooFast) -> None:
    """Write down that the case on the exit's picture stands on this measurement."""
    passage = await tx.session.get_one(SectionPassage, (pair.exit_id, pair.section_id))
    passage.opened_case = True
    await tx.session.flush()


async def _note_passage(
    tx: Tx, section: RoadSection, capture: cameras.CaptureView, plate: str, *, instant: Instant, policy: EtlePolicy
) -> TooFast | None:
    passage = SectionPassage(
        capture_id=capture.id,
        section_id=section.id,
        plate=plate,
        is_exit=capture.device_id == section.exit_device_id,
        passed_at=instant.at,
        unsure_s=instant.unsure.total_seconds(),
    )
    tx.session.add(passage)
    await tx.session.flush()
    other = await _other_end(tx, section, passage)
    if other is None:
        return None
    entry, exit_ = (other, passage) if passage.is_exit else (passage, other)
    speed = least_kmh(section.length_m, _instant(entry), _instant(exit_))
    entry.other_id, exit_.other_id, exit_.measured_kmh = exit_.capture_id, entry.capture_id, speed
    await tx.session.flush()
    if speed - policy.section_tolerance_kmh <= section.limit_kmh:
        return None
    return TooFast(section.id, entry.capture_id, exit_.capture_id, int(speed), section.length_m)


async def _other_end(tx: Tx, section: RoadSection, passage: SectionPassage) -> SectionPassage | None:
    """The nearest passage of this plate at the other end, on the right side in time, that belongs to no pair yet."""
    longest = timedelta(seconds=section.length_m / (SLOWEST_KMH / 3.6))
    at = col(SectionPassage.passed_at)
    query = select(SectionPassage).where(
        col(SectionPassage.section_id) == section.id,
        col(SectionPassage.plate) == passage.plate,
        col(SectionPassage.is_exit) != passage.is_exit,
        col(SectionPassage.other_id).is_(None),
    )
    if passage.is_exit:
        query = query.where(at < passage.passed_at, at >= passage.passed_at - longest).order_by(at.desc())
    else:
        query = query.where(at > passage.passed_at, at <= passage.passed_at + longest).order_by(at)
    found: SectionPassage | None = (await tx.session.execute(query.limit(1))).scalars().first()
    return found


def _instant(passage: SectionPassage) -> Instant:
    return Instant(passage.passed_at, timedelta(seconds=passage.unsure_s))


async def open_section(tx: Tx, new: NewSection) -> RoadSection:
    """Enter a section of the actor's Polda; nothing is measured before somebody else confirms it. Problems:
    request-invalid (422) for a camera that is not the Polda's, reference-violation-not-found (422), etle-section-is-open (409)
    where these two cameras measure already."""
    polda = await polda_seen_from(tx.session, tx.actor.unit)
    entry, exit_ = [await _camera(tx, each, polda) for each in (new.entry_client_id, new.exit_client_id)]
    if entry.id == exit_.id:
        raise INVALID_REQUEST(errors=[FieldError("/exit_client_id", _TWO)])
    await reference.violation(tx.session, new.violation_code, tx.now.date())
    await tx.serialise(f"section:{entry.id}:{exit_.id}")
    same = (col(RoadSection.entry_device_id) == entry.id) & (col(RoadSection.exit_device_id) == exit_.id)
    if (await tx.session.execute(select(RoadSection).where(same, col(RoadSection.closed_at).is_(None)))).first():
        raise SECTION_IS_OPEN()
    unit = await reference.unit(tx.session, exit_.unit or "")
    section = RoadSection(
        name=new.name,
        polda_code=reference.polda_of(unit) or unit.code,
        entry_device_id=entry.id,
        exit_device_id=exit_.id,
        length_m=new.length_m,
        limit_kmh=new.limit_kmh,
        violation_code=new.violation_code,
        opened_at=tx.now,
        opened_by=tx.actor.id,
    )
    tx.session.add(section)
    await tx.session.flush()
    await _tell(tx, section, "opened")
    return section


async def confirm_section(tx: Tx, section_id: UUID) -> RoadSection:
    """Confirm length and limit, as somebody else than who entered them. Problems: etle-section-not-found (404),
    etle-section-four-eyes (409)."""
    section = await _section(tx, section_id)
    if section.opened_by == tx.actor.id:
        raise SECTION_FOUR_EYES()
    section.confirmed_at, section.confirmed_by = tx.now, tx.actor.id
    await _tell(tx, section, "confirmed")
    return section


async def close_section(tx: Tx, section_id: UUID) -> RoadSection:
    """Measure there no longer: road works, a camera that was moved. Problem: etle-section-not-found (404)."""
    section = await _section(tx, section_id)
    section.closed_at = tx.now
    await _tell(tx, section, "closed")
    return section


async def list_sections(tx: Tx) -> Sequence[RoadSection]:
    """The sections of the actor's Polda (from Mabes: all), by name."""
    polda = await polda_seen_from(tx.session, tx.actor.unit)
    query = select(RoadSection).order_by(col(RoadSection.name), col(RoadSection.id)).limit(MOST_SECTIONS)
    if polda is not None:
        query = query.where(col(RoadSection.polda_code) == polda)
    return (await tx.session.execute(query)).scalars().all()


_TWO = Text("Dua kamera yang berbeda.", "Name two different cameras.")
_NOT_YOURS = Text("Bukan kamera Polda Anda.", "This is no camera of your Polda.")


async def _camera(tx: Tx, client_id: str, polda: str | None) -> Credential:
    query = select(Credential).where(
        col(Credential.client_id) == client_id, col(Credential.kind) == "camera", col(Credential.disabled_at).is_(None)
    )
    camera: Credential | None = (await tx.session.execute(query)).scalar_one_or_none()
    unit = await reference.find_unit(tx.session, camera.unit or "") if camera else None
    if camera is None or unit is None or polda not in (None, reference.polda_of(unit)):
        raise INVALID_REQUEST(errors=[FieldError("/entry_client_id", _NOT_YOURS)])
    return camera


async def _section(tx: Tx, section_id: UUID) -> RoadSection:
    polda = await polda_seen_from(tx.session, tx.actor.unit)
    section = await tx.lock(RoadSection, section_id)
    if section is None or section.closed_at is not None or polda not in (None, section.polda_code):
        raise SECTION_NOT_FOUND()
    return section


async def _tell(tx: Tx, section: RoadSection, what: str) -> None:
    await tx.session.flush()
    body: dict[str, JsonValue] = {
        "section": str(section.id),
        "length_m": section.length_m,
        "limit_kmh": section.limit_kmh,
        "violation": section.violation_code,
        "by": tx.actor.id,
    }
    await transparency.append(tx, f"road_section_{what}", body)
