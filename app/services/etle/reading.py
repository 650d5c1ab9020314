"""From a stored capture to a case: read its pictures, find the vehicle, join what is one violation, draw the officer.

May run twice: the recogniser and the registry are asked first, then one transaction decides, and a capture
that already has its case is left alone.
"""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id, new_reference
from app.core.problems import Problem
from app.services import cameras, cases, reference
from app.services.cameras import models as cameras_models
from app.services.etle import passages, review, sections
from app.services.etle.models import Ticket, TicketCapture
from app.services.etle.store import ticket_of
from app.services.etle.turn_models import LEASE, ReadingTurn, TurnState
from app.services.recognition import Hints, PlannedRecogniser, PlateReading, Reading, Recogniser, hints_for
from app.services.reference import candidates, parse_plate
from app.services.registries import Vehicle, VehicleRegistry

REFERENCE_PREFIX = "ETL"
SHADOW = "etle.read_in_shadow"
MAX_CANDIDATES = 8
MAX_LINES = 10
"""Plates of one picture that are kept; what is not kept cannot be blurred, and no street shows more."""


@dataclass(frozen=True, slots=True)
class Match:
    """What machine and registry say together: what was read of each picture (None: it could not be opened), the surest
    line of all, and its vehicle. `doubtful`: a corrected or several matching readings, or none."""

    readings: tuple[Reading | None, ...]
    best: PlateReading | None
    vehicle: Vehicle | None
    doubtful: bool


async def read_capture(house: House, capture_id: str) -> None:
    """Read a capture's plates and open (or join) its case. Every picture is read: what is not known to be another
    vehicle's plate could not be blurred."""
    capture, hints = await _load(house, UUID(capture_id))
    readings = []
    for number, file in enumerate(capture.files):
        if number:
            await _go_on(house, capture.id)
        readings.append(await _read(house, await cameras.read_original(house, file), hints))
    match = await _match(house, tuple(readings))
    async with house.db.begin(SYSTEM) as tx:
        await take_up(tx, capture, match)
        if house[PlannedRecogniser].shadow_for(hints):
            await tx.enqueue(SHADOW, capture_id)


async def _go_on(house: House, capture_id: UUID) -> None:
    """Keep the turn for one picture more."""
    mine = (col(ReadingTurn.capture_id) == capture_id) & (col(ReadingTurn.state) == TurnState.PUT_OFF)
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(update(ReadingTurn).where(mine).values(due_at=tx.now + LEASE))


async def _load(house: House, capture_id: UUID) -> tuple[cameras.CaptureView, Hints]:
    async with house.db.begin(SYSTEM) as tx:
        capture = await cameras.get_capture(tx.session, capture_id)
        at = capture.captured_at
        return capture, await hints_for(tx.session, capture.device_id, capture.unit, captured_at=at)


async def _read(house: House, image: bytes, hints: Hints) -> Reading | None:
    try:
        return await house[Recogniser].read(image, hints)
    except Problem as problem:
        if problem.type.status >= 500:
            raise  # the recogniser is away: the job is tried again, the capture is safe
        return None


async def _match(house: House, readings: tuple[Reading | None, ...]) -> Match:
    """Ask the registry for the surest plate and, if unknown, for what it may be misread from.

    One single candidate that the registry knows is taken, as doubtful; several are left to a person (plates.md).
    """
    best = max(
        (each.results[0] for each in readings if each and each.results), key=lambda line: line.confidence, default=None
    )
    if best is None:
        return Match(readings, None, None, doubtful=True)
    registry = house[VehicleRegistry]
    vehicle = await registry.find(best.plate)
    if vehicle is not None:
        return Match(readings, best, vehicle, doubtful=False)
    known: dict[str, Vehicle] = {}
    for plate in _other_plates(best):
        found = await registry.find(plate)
        if found is not None:
            known[found.registry_id] = found
    return Match(readings, best, next(iter(known.values())) if len(known) == 1 else None, doubtful=True)


def _other_plates(best: PlateReading) -> list[str]:
    """Other plates that the same characters may be, likeliest first, without the best itself."""
    ordered = [each.plate for each in best.alternatives] + [each.plate.canonical for each in candidates(best.raw)]
    return [plate for plate in dict.fromkeys(ordered) if plate != best.plate][:MAX_CANDIDATES]


async def take_up(tx: Tx, capture: cameras.CaptureView, match: Match) -> None:
    """Open a case for a read capture, or join it to the one it belongs to; a capture that was taken up is left alone."""
    await tx.session.execute(delete(ReadingTurn).where(col(ReadingTurn.capture_id) == capture.id))
    if (await cameras.get_capture(tx.session, capture.id)).reading is not None:
        return
    await cameras.record_reading(tx, capture.id, _kept(match))
    stamp = await _stamp(tx, capture)
    window = timedelta(minutes=stamp.policy.etle.same_violation_minutes)
    repeated = await passages.case_of_same_pictures(tx, capture, window=window)
    if repeated is not None:
        await _join(tx, capture, repeated)
        return
    doubtful = match.doubtful or match.best is None or match.best.confidence < stamp.policy.etle.accept_confidence
    ends = await sections.sections_of(tx, capture)
    if not ends:
        await _take_up_one(tx, capture, match, stamp, doubtful=doubtful)
        return
    sure = None if doubtful else match.best
    pairs = [] if sure is None else await sections.note_passages(tx, ends, capture, sure.plate, stamp.policy.etle)
    for pair in pairs:
        await _take_up_pair(tx, pair, match)
    if not pairs:  # a passage at one end, or slow enough: nobody is accused
        await cameras.mark_idle(tx, capture.id)


async def _take_up_one(
    tx: Tx,
    capture: cameras.CaptureView,
    match: Match,
    stamp: "_Stamp",
    *,
    doubtful: bool,
    pair: sections.TooFast | None = None,
) -> UUID:
    # A doubtful line may be another vehicle's: joined, it would end in a case that nobody opened for it.
    joined = None if doubtful else await _same_violation(tx, capture, match, stamp)
    if joined is not None:
        await _join(tx, capture, joined)
        return joined
    case = await _open(tx, capture, match, stamp, doubtful=doubtful, pair=pair)
    await tx.enqueue(review.COVER, str(case.id))
    await passages.look_for_clone(tx, case, await ticket_of(tx, case.id), capture, stamp.policy.etle)
    if not await _exempt(tx, case):
        await review.draw(tx, case.id, case.unit)
    return case.id


async def _take_up_pair(tx: Tx, pair: sections.TooFast, match: Match) -> None:
    """A drive that was too fast: the case that already has one of its pictures, or one on the exit's; both pictures are kept."""
    both = [pair.exit_id, pair.entry_id]
    case_id = await passages.case_with(tx, both)
    if case_id is None:
        capture = await cameras.get_capture(tx.session, pair.exit_id)
        case_id = await _take_up_one(tx, capture, match, await _stamp(tx, capture), doubtful=False, pair=pair)
        if await tx.session.scalar(select(col(Ticket.case_id)).where(col(Ticket.capture_id) == pair.exit_id)):
            await sections.accuse(tx, pair)
    for each in both:
        if await passages.case_with(tx, [each]) is None:
            await _join(tx, await cameras.get_capture(tx.session, each), case_id)
    await cameras.mark_needed(tx, both)


async def _join(tx: Tx, capture: cameras.CaptureView, case_id: UUID) -> None:
    """Locks the case, as whoever deletes its evidence does: what joins a case whose pictures are gone goes by the next run."""
    await cases.get_locked(tx, case_id, bound=False)
    (await ticket_of(tx, case_id)).evidence_gone_at = None
    tx.session.add(TicketCapture(capture_id=capture.id, case_id=case_id, joined_at=tx.now))
    await tx.session.flush()
    await tx.enqueue(review.COVER, str(case_id))


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Where and when a capture was taken, as the law counts it: unit, Polda, local day, and the policy of that day."""

    unit: reference.Unit
    polda: str
    day: date
    policy: reference.Policy


async def _stamp(tx: Tx, capture: cameras.CaptureView) -> _Stamp:
    unit = await reference.unit(tx.session, capture.unit)
    polda = reference.polda_of(unit) or unit.code
    day = capture.captured_at.astimezone(reference.zone_of(unit)).date()
    return _Stamp(unit, polda, day, await reference.policy(tx.session, polda, day))


async def _same_violation(tx: Tx, capture: cameras.CaptureView, match: Match, stamp: _Stamp) -> UUID | None:
    """The case of the same vehicle, place and violation within the policy's window, if there is one.

    Not one that an officer rejected: that was said of other pictures, and this one may be the good one.
    """
    if match.vehicle is None:
        return None
    window = timedelta(minutes=stamp.policy.etle.same_violation_minutes)
    # Two captures of one vehicle at once must not open two cases: the vehicle's tickets are decided one by one.
    await tx.serialise(f"vehicle:{match.vehicle.registry_id}")
    same = (
        select(col(Ticket.case_id), cameras_models.Capture)
        .join(cases.Case, col(cases.Case.id) == col(Ticket.case_id))
        .join(cameras_models.Capture, col(cameras_models.Capture.id) == col(Ticket.capture_id))
        .where(
            col(Ticket.vehicle_id) == match.vehicle.registry_id,
            col(Ticket.violation_code) == capture.violation_code,
            col(Ticket.occurred_at) >= capture.captured_at - window,
            col(Ticket.occurred_at) <= capture.captured_at + window,
            col(cases.Case.state) != "rejected",
        )
    )
    metres = stamp.policy.etle.same_place_metres
    for case_id, other in await tx.session.execute(same.order_by(col(Ticket.occurred_at))):
        if passages.is_same_place(capture, other, metres=metres):
            return case_id
    return None


async def _open(
    tx: Tx,
    capture: cameras.CaptureView,
    match: Match,
    stamp: _Stamp,
    *,
    doubtful: bool,
    pair: sections.TooFast | None,
) -> cases.Case:
    unit, polda = stamp.unit, stamp.polda
    violation = await reference.violation(tx.session, capture.violation_code, stamp.day)
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
        policy_id=stamp.policy.id,
        subject=violation.code,
        data={
            "violation": violation.code,
            "read": match.best is not None,
            "known_vehicle": match.vehicle is not None,
            "evidence": [file.sha256 for file in (*capture.files, *([capture.video] if capture.video else []))],
            **({"average_kmh": pair.kmh, "over_metres": pair.metres} if pair else {}),
        },
        case_id=case_id,
    )
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
        confidence=match.best.confidence if match.best else None,
        doubtful=doubtful,
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


def _kept(match: Match) -> dict[str, JsonValue]:
    """What is kept of the readings: of each line raw text, corrected plate, confidence (as a whole and by character), box,
    alternatives, vehicle, the plate's colours and validity, and in which picture (`file`) it stands, the line that was taken first; which pictures were read at
    all; and what each reader said where several had a vote."""
    read = [(file, reading) for file, reading in enumerate(match.readings) if reading is not None]
    lines = [(file, line) for file, reading in read for line in reading.results[:MAX_LINES]]
    lines.sort(key=lambda each: each[1] is not match.best)  # stable: the others stay as they came
    return {
        "backend": read[0][1].backend if read else None,
        "elapsed_ms": sum(reading.elapsed_ms for _file, reading in read),
        "files_read": [file for file, _reading in read],
        "results": [
            {
                "file": file,
                "plate": line.plate,
                "raw": line.raw,
                "confidence": line.confidence,
                "box": [line.box.x_min, line.box.y_min, line.box.x_max, line.box.y_max],
                "alternatives": [[other.plate, other.confidence] for other in line.alternatives],
                "characters": list(line.characters),
                "vehicle": asdict(line.vehicle) if line.vehicle else None,
                "look": asdict(line.look) if line.look else None,
                "validity": asdict(line.validity) if line.validity else None,
            }
            for file, line in lines
        ],
        "votes": [
            {"file": file, "backend": vote.backend, "plate": vote.plate, "confidence": vote.confidence}
            for file, reading in read
            for vote in reading.votes
        ],
    }


def _as(tx: Tx, actor: Actor) -> Tx:
    return Tx(session=tx.session, now=tx.now, as_of=tx.as_of, actor=actor, house=tx.house)
