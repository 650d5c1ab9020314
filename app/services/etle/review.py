"""The officer's decision: the vehicle in the picture, the machine's reading and the registry side by side, one decision.

The officer was drawn; whoever was drawn may correct the plate (the machine errs), and a doubtful reading needs a second
pair of eyes before a letter leaves.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.services import cases
from app.services.cases import Case, CaseEvent
from app.services.etle.letters import SECOND_LOOK
from app.services.etle.models import Ticket
from app.services.etle.problems import PLATE_UNKNOWN
from app.services.etle.store import add_party, party_in_role, policy_of, ticket_of
from app.services.identity.roles import Role
from app.services.identity.staff import list_officers, pool_of
from app.services.reference import NATIONAL_ZONE, parse_plate
from app.services.registries import NumberKind, Vehicle, number_indexes

COVER = "etle.cover_case"


@dataclass(frozen=True, slots=True)
class Decision:
    """What staff do to a case. `vehicle` is what the registry says of `plate`, asked before the transaction."""

    action: str
    reason: str | None = None
    expected_version: int | None = None
    registry_matches: bool | None = None
    shield_matches: bool | None = None
    plate: str | None = None
    vehicle: Vehicle | None = None
    kind: str | None = None


async def decide(tx: Tx, case_id: UUID, decision: Decision) -> Case:
    """Carry out one decision of a member of staff. Raises what the engine and the guards raise, and PLATE_UNKNOWN."""
    data: dict[str, JsonValue] = {}
    if decision.action == "verify" and decision.plate is not None:
        data = await _correct_plate(tx, case_id, decision)
    if decision.registry_matches is not None:
        data["registry_matches"] = decision.registry_matches
    if decision.shield_matches is not None:
        data["shield_matches"] = decision.shield_matches
    if decision.kind is not None:
        data["kind"] = decision.kind
    case = await cases.move(
        tx,
        case_id,
        decision.action,
        reason=decision.reason,
        data=data,
        expected_version=decision.expected_version,
    )
    if decision.action == "endorse":
        for task in await cases.tasks_of(tx.session, case_id):
            if task.kind == SECOND_LOOK:
                await cases.close_task(tx, task.id)
        await tx.enqueue("etle.dispatch")
    return case


async def set_vehicle(tx: Tx, ticket: Ticket, vehicle: Vehicle, *, reference: str) -> None:
    """Put the case on this vehicle: what it is, the keys for look-up, and as addressee its owner, or the buyer whom the owner
    had reported by then."""
    keys = tx.house.keys
    ticket.plate, ticket.vehicle_id = vehicle.plate, vehicle.registry_id
    ticket.vehicle = {"make": vehicle.make, "model": vehicle.model, "colour": vehicle.colour, "kind": vehicle.kind}
    ticket.chassis_bidx, ticket.chassis5_bidx = number_indexes(keys, NumberKind.CHASSIS, vehicle.chassis_no)
    ticket.engine_bidx, ticket.engine5_bidx = number_indexes(keys, NumberKind.ENGINE, vehicle.engine_no)
    owner = vehicle.answerable_on(ticket.occurred_at.astimezone(NATIONAL_ZONE).date())
    person = {
        "nik": owner.nik,
        "name": owner.name,
        "address": owner.address,
        "phone": owner.phone,
        "email": owner.email,
    }
    earlier = await party_in_role(tx, ticket.case_id, "owner")
    if earlier is not None:  # his letter's reference must not open another owner's case
        earlier.code = f"{earlier.code}-{earlier.id.hex[:8]}"
        await tx.session.flush()
    await add_party(tx, ticket.case_id, "owner", person, addressee=True, code=reference)


async def wants_second_look(tx: Tx, case: Case, ticket: Ticket) -> bool:
    """Whether the stamped policy wants a second officer for this reading."""
    policy = await policy_of(tx, case)
    return ticket.doubtful or ticket.confidence is None or ticket.confidence < policy.second_eyes_below


async def was_endorsed(tx: Tx, case: Case) -> bool:
    """Whether a second officer agreed since the case was last verified."""
    last = select(col(CaseEvent.action)).where(
        col(CaseEvent.case_id) == case.id, col(CaseEvent.action).in_(("verify", "endorse"))
    )
    row = (await tx.session.execute(last.order_by(col(CaseEvent.seq).desc()).limit(1))).scalar_one_or_none()
    return row == "endorse"


async def ask_second_look(tx: Tx, case: Case) -> None:
    """Open the second officer's work item, not for the one who verified."""
    verifier = tx.actor.id
    await cases.open_task(tx, case.id, SECOND_LOOK, role="officer", unit=case.unit, exclude=[verifier])


async def has_officers(tx: Tx, unit: str) -> bool:
    """Whether a unit has somebody who can review."""
    return bool(await list_officers(tx.session, unit=unit, role=Role.OFFICER))


async def draw(tx: Tx, case_id: UUID, unit: str) -> None:
    """Announce the draw of the officer who reviews, among the unit's officers; nobody chooses the case, nobody chooses
    the officer. While everybody is away nothing is announced: `etle.draw_waiting` does it as soon as somebody is there.
    """
    officers = await pool_of(tx.session, unit=unit, role=Role.OFFICER, now=tx.now)
    if any(each.weight and not each.absent for each in officers):
        pool = [cases.Candidate(str(each.id), each.weight, "absent" if each.absent else None) for each in officers]
        await cases.announce_draw(tx, case_id, pool)


async def _correct_plate(tx: Tx, case_id: UUID, decision: Decision) -> dict[str, JsonValue]:
    """Put the case on the plate that the officer reads; both plates go into the event, for whoever audits officers."""
    ticket = await ticket_of(tx, case_id)
    plate = parse_plate(decision.plate or "")
    if plate is None or decision.vehicle is None:
        raise PLATE_UNKNOWN(plate=decision.plate)
    before = ticket.plate
    if plate.canonical != before or ticket.vehicle_id != decision.vehicle.registry_id:
        case = await cases.get_locked(tx, case_id)
        await set_vehicle(tx, ticket, decision.vehicle, reference=case.reference)
        # What a person read differently from the machine is looked at by two (plates.md, the 2811/2911 case).
        ticket.doubtful = True
        await tx.session.flush()
        await tx.enqueue(COVER, str(case_id))  # another plate is to be seen now, and the one before to be covered
        return {"plate_before": before, "plate_after": plate.canonical}
    return {}
