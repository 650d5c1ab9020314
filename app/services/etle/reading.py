"""From a stored capture to a case: read the plate, find the vehicle, join what is one violation, draw the officer.

A job that may run twice: the recogniser and the registry are asked first, then one transaction decides, and a capture
that already has its case is left alone.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id, new_reference
from app.core.problems import Problem
from app.services import cameras, cases, reference
from app.services.etle import review
from app.services.etle.models import Ticket, TicketCapture
from app.services.recognition import PlateReading, Reading, Recogniser
from app.services.reference import candidates, parse_plate
from app.services.registries import Vehicle, VehicleRegistry

REFERENCE_PREFIX = "ETL"
MAX_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Match:
    """What machine and registry say together. `doubtful`: a corrected or several matching readings, or none."""

    reading: Reading | None
    best: PlateReading | None
    vehicle: Vehicle | None
    doubtful: bool


async def read_capture(house: House, capture_id: str) -> None:
    """Job: read a capture's plate and open (or join) its case."""
    capture = await _load(house, UUID(capture_id))
    match = await _match(house, await house.storage.get(capture.files[0].sha256))
    async with house.db.begin(SYSTEM) as tx:
        await take_up(tx, capture, match)


async def _load(house: House, capture_id: UUID) -> cameras.CaptureView:
    async with house.db.begin(SYSTEM) as tx:
        return await cameras.get_capture(tx.session, capture_id)


async def _match(house: House, image: bytes) -> Match:
    """Read the picture, then ask the registry for the best plate and, if unknown, for what it may be misread from.

    One single candidate that the registry knows is taken, as doubtful; several are left to a person (plates.md).
    """
    try:
        reading = await house[Recogniser].read(image)
    except Problem as problem:
        if problem.type.status >= 500:
            raise  # the recogniser is away: the job is tried again, the capture is safe
        reading = None
    best = reading.results[0] if reading and reading.results else None
    if best is None:
        return Match(reading, None, None, doubtful=True)
    registry = house[VehicleRegistry]
    vehicle = await registry.find(best.plate)
    if vehicle is not None:
        return Match(reading, best, vehicle, doubtful=False)
    known: dict[str, Vehicle] = {}
    for plate in _other_plates(best):
        found = await registry.find(plate)
        if found is not None:
            known[found.registry_id] = found
    return Match(reading, best, next(iter(known.values())) if len(known) == 1 else None, doubtful=True)


def _other_plates(best: PlateReading) -> list[str]:
    """Other plates that the same characters may be, likeliest first, without the best itself."""
    ordered = [each.plate for each in best.alternatives] + [each.plate.canonical for each in candidates(best.raw)]
    return [plate for plate in dict.fromkeys(ordered) if plate != best.plate][:MAX_CANDIDATES]


async def take_up(tx: Tx, capture: cameras.CaptureView, match: Match) -> None:
    """Open a case for a read capture, or join it to the one it belongs to; a capture that has its case is left alone."""
    if await _has_case(tx, capture.id):
        return
    await cameras.record_reading(tx, capture.id, _kept(match.reading))
    joined = await _same_violation(tx, capture, match)
    if joined is not None:
        tx.session.add(TicketCapture(capture_id=capture.id, case_id=joined, joined_at=tx.now))
        return
    case = await _open(tx, capture, match)
    if not await _exempt(tx, case):
        await review.draw(tx, case.id, case.unit)


async def _has_case(tx: Tx, capture_id: UUID) -> bool:
    opened = await tx.session.execute(select(col(Ticket.case_id)).where(col(Ticket.capture_id) == capture_id))
    return opened.first() is not None or await tx.session.get(TicketCapture, capture_id) is not None


async def _same_violation(tx: Tx, capture: cameras.CaptureView, match: Match) -> UUID | None:
    """The open case of the same vehicle, place and violation within the policy's window, if there is one."""
    if match.vehicle is None:
        return None
    unit = await reference.unit(tx.session, capture.unit)
    policy = await reference.policy(tx.session, reference.polda_of(unit), capture.captured_at.date())
    window = timedelta(minutes=policy.etle.same_violation_minutes)
    # Two captures of one vehicle at once must not open two cases: the vehicle's tickets are decided one by one.
    await tx.serialise(f"vehicle:{match.vehicle.registry_id}")
    same = select(col(Ticket.case_id)).where(
        col(Ticket.vehicle_id) == match.vehicle.registry_id,
        col(Ticket.violation_code) == capture.violation_code,
        col(Ticket.location) == capture.location,
        col(Ticket.occurred_at) >= capture.captured_at - window,
        col(Ticket.occurred_at) <= capture.captured_at + window,
    )
    return (await tx.session.execute(same.order_by(col(Ticket.occurred_at)).limit(1))).scalar_one_or_none()


async def _open(tx: Tx, capture: cameras.CaptureView, match: Match) -> cases.Case:
    unit = await reference.unit(tx.session, capture.unit)
    polda = reference.polda_of(unit) or unit.code
    day = capture.captured_at.astimezone(reference.zone_of(unit)).date()
    violation = await reference.violation(tx.session, capture.violation_code, day)
    policy = await reference.policy(tx.session, polda, day)
    plate = parse_plate(match.best.plate) if match.best else None
    # A unit without officers of its own is served by its Polda's back office.
    handling = unit.code if await review.has_officers(tx, unit.code) else polda
    case_id, ref = new_id(), new_reference(REFERENCE_PREFIX)
    camera = Actor(ActorKind.CAMERA, str(capture.device_id), frozenset({"camera"}), unit=capture.unit)
    case = await cases.open_case(
        tx if tx.actor.kind is ActorKind.CAMERA else _as(tx, camera),
        lifecycle="etle",
        unit=handling,
        reference=ref,
        policy_id=policy.id,
        data={"violation": violation.code, "read": match.best is not None, "known_vehicle": match.vehicle is not None},
        case_id=case_id,
    )
    confidence = match.best.confidence if match.best else None
    ticket = Ticket(
        case_id=case_id,
        capture_id=capture.id,
        polda_code=polda,
        zone=unit.zone,
        occurred_at=capture.captured_at,
        location=capture.location,
        violation_id=violation.id,
        violation_code=violation.code,
        article=violation.article,
        title_id=violation.title.id,
        title_en=violation.title.en,
        fine=violation.max_fine,
        machine_plate=match.best.plate if match.best else None,
        confidence=confidence,
        doubtful=match.doubtful or confidence is None or confidence < policy.etle.accept_confidence,
        plate=plate.canonical if plate else None,
    )
    tx.session.add(ticket)
    await tx.session.flush()
    if match.vehicle is not None:
        await review.set_vehicle(tx, ticket, match.vehicle, reference=ref)
    await cases.recompute_deadlines(tx, case)
    return case


async def _exempt(tx: Tx, case: cases.Case) -> bool:
    """A priority vehicle is let through by the machine, if the policy says that no judgement is needed."""
    try:
        async with tx.session.begin_nested():
            await cases.move(tx, case.id, "exempt")
    except Problem:
        return False
    return True


def _kept(reading: Reading | None) -> dict[str, JsonValue]:
    """What is kept of a reading: raw text, corrected plate, confidence, box and alternatives, best first."""
    if reading is None:
        return {"backend": None, "results": []}
    return {
        "backend": reading.backend,
        "elapsed_ms": reading.elapsed_ms,
        "results": [
            {
                "plate": each.plate,
                "raw": each.raw,
                "confidence": each.confidence,
                "box": [each.box.x_min, each.box.y_min, each.box.x_max, each.box.y_max],
                "alternatives": [[other.plate, other.confidence] for other in each.alternatives],
            }
            for each in reading.results[:10]
        ],
    }


def _as(tx: Tx, actor: Actor) -> Tx:
    return Tx(session=tx.session, now=tx.now, as_of=tx.as_of, actor=actor, house=tx.house)
