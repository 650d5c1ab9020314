"""The staff's side: what waits for whom, a case on one page, and one decision at a time, with every look recorded."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor
from app.core.db import Tx
from app.core.house import House
from app.core.money import Rupiah
from app.core.texts import Text
from app.services import cameras, cases
from app.services.cases import Case, Lifecycles, TaskView, Undrawn
from app.services.etle import attachments, evidence, holds, openings, review, second_look, shield
from app.services.etle.models import Answer, Attachment, Party, Ticket
from app.services.etle.problems import ADDRESS_MISSING, NOT_UNDELIVERED, PURPOSE_NEEDED
from app.services.etle.store import (
    PERSON_FIELDS,
    addressee_of,
    latest_answer,
    parties_of,
    person_of,
    policy_of,
    ticket_of,
)
from app.services.etle.times import ZONES
from app.services.etle.views import (
    AttachmentView,
    ExemptionView,
    PersonRecord,
    ReviewView,
    VehicleRecord,
    ViolationView,
)
from app.services.reference import ExemptionOutcome, exemption_for, parse_plate
from app.services.registries import Vehicle, VehicleRegistry

BLIND_STATES = ("captured", "in_verification", "verified")
"""Who reviews sees the vehicle and not its owner: the decision is about the picture, and nobody can be favoured."""
CORRECT_ADDRESS = "correct_address"
PURPOSE_MIN_CHARS = 5
WORK_WORDS = {
    "review": "memeriksa dugaan pelanggaran / reviewing the violation",
    "late_review": "memeriksa dugaan pelanggaran / reviewing the violation",
    "second_look": "pemeriksaan kedua / second review",
    "late_letter": "mengirim surat yang terlambat / sending a letter that is late",
    "correct_address": "memperbaiki alamat / correcting the address",
    "decide_objection": "memutus sanggahan / deciding the objection",
    "late_objection": "memutus sanggahan / deciding the objection",
    "issue": "menerbitkan tilang / issuing the ticket",
    "show_original": "memeriksa foto asli untuk pemilik / checking the original picture for the owner",
    "release_hold": "memutus pelepasan bukti yang ditahan / deciding on evidence that is held",
    "issue_unanswered": "menerbitkan tilang / issuing the ticket",
}
"""What somebody looks for whose work it is; the citizen reads it."""
COMPARING = "membandingkan dengan perisai pelat / comparing with the plate shield"
OTHER_WORK = "mengerjakan perkara ini / working on this case"
NATIONAL_ROLES = frozenset({"auditor"})
LATE = ("late_review", "late_objection", "late_application")
"""Work that a deadline has opened because somebody was too slow."""


async def tasks_for(
    house: House, actor: Actor, *, limit: int, after: UUID | None = None, late: bool = False
) -> Sequence[TaskView]:
    """The open work of this member of staff on cases of every kind, oldest first; `late`: what is over its time alone."""
    async with house.db.read() as connection:
        return await cases.list_tasks(
            connection,
            roles=actor.roles,
            units=[actor.unit] if actor.unit else [],
            actor_id=actor.id,
            limit=limit,
            after=after,
            kinds=LATE if late else None,
        )


async def undrawn_for(house: House, actor: Actor, *, limit: int) -> Sequence[Undrawn]:
    """Work of this unit for whoever will be drawn: the lot has not fallen yet, or nobody is in the pool."""
    async with house.db.read() as connection:
        return await cases.list_undrawn(connection, roles=actor.roles, unit=actor.unit or "", limit=limit)


async def open_for_review(house: House, actor: Actor, case_id: UUID, *, purpose: str | None) -> ReviewView:
    """A case as this member of staff may see it; the look is recorded first, and the citizen reads it.

    Whoever has work on the case looks in order to do it; anybody else must say what for (PURPOSE_NEEDED). A case of
    another unit is not found. The registry is asked between transactions.
    """
    async with house.db.begin(actor) as tx:
        case = await case_of_unit(tx, case_id)
        await cases.saw(tx, case_id, await _purpose(tx, case, purpose))
        ticket = await ticket_of(tx, case_id)
        plate = ticket.plate
    vehicle = await house[VehicleRegistry].find(plate) if plate else None
    async with house.db.begin(actor) as tx:
        case = await case_of_unit(tx, case_id)
        record = None
        if vehicle is not None:
            shown = parse_plate(vehicle.plate)
            record = VehicleRecord(
                vehicle_id=vehicle.registry_id,
                plate=shown.shown if shown else vehicle.plate,
                make=vehicle.make,
                model=vehicle.model,
                colour=vehicle.colour,
                kind=vehicle.kind,
                owner_name=None if case.state in BLIND_STATES else vehicle.owner.name,
                blocked=vehicle.blocked,
                use=vehicle.use,
            )
        return await _review_view(tx, case, record)


async def decide(tx: Tx, case_id: UUID, decision: review.Decision) -> Case:
    """One decision, on a case of the actor's own unit. Raises what the engine, the guards and `review.decide` raise."""
    await case_of_unit(tx, case_id)
    case = await review.decide(tx, case_id, decision)
    await tx.session.flush()
    return case


async def correct_address(tx: Tx, case_id: UUID, *, address: str | None, phone: str | None) -> Case:
    """Another address or phone for a letter that did not arrive; it is sent again within the quota.

    Raises NOT_UNDELIVERED, ADDRESS_MISSING.
    """
    case = await case_of_unit(tx, case_id)
    if case.state != "undelivered":
        raise NOT_UNDELIVERED()
    tasks = [each for each in await cases.tasks_of(tx.session, case_id) if each.kind == CORRECT_ADDRESS]
    # The open work says who may, and closing it is the event that tells who did: without it nobody writes an address.
    if not tasks:
        raise NOT_UNDELIVERED()
    party = await addressee_of(tx, case_id)
    if party is None or not (address or phone):
        raise ADDRESS_MISSING()
    given = {name: value for name, value in (("address", address), ("phone", phone)) if value}
    sealed = await vault.seal(tx, party.key_id, given)
    for name, value in sealed.items():
        setattr(party, f"{name}_enc", value)
    (await ticket_of(tx, case_id)).resend = True
    for task in tasks:
        await cases.close_task(tx, task.id)
    await tx.enqueue("etle.dispatch")
    return case


async def find_vehicle_for(house: House, plate_text: str | None) -> Vehicle | None:
    """What the registry says of a plate that an officer typed; asked before the transaction."""
    plate = parse_plate(plate_text) if plate_text else None
    return await house[VehicleRegistry].find(plate.canonical) if plate else None


async def enter_verdict(tx: Tx, case_id: UUID, *, fine: int, cost: int) -> Case:
    """The court's decision as read out (PERMA 12/2016): fine and cost in rupiah. Moves the case on."""
    ticket = await ticket_of(tx, case_id)
    ticket.verdict_fine, ticket.verdict_cost, ticket.decided_at = fine, cost, tx.now
    await tx.session.flush()
    return await cases.move(tx, case_id, "enter_verdict", data={"fine": fine, "cost": cost})


async def case_of_unit(tx: Tx, case_id: UUID) -> Case:
    """The case, if it is of the actor's own unit or Polda; another unit's is not found. Raises CASE_NOT_FOUND."""
    case = await tx.session.get(Case, case_id)
    ticket = await tx.session.get(Ticket, case_id)
    mine = case is not None and ticket is not None and tx.actor.unit in (case.unit, ticket.polda_code)
    if case is None or not (mine or NATIONAL_ROLES & tx.actor.roles):
        raise cases.CASE_NOT_FOUND()
    return case


async def see_shield(tx: Tx, case_id: UUID) -> None:
    """Record a look at what the owner says of the vehicle, or at a photograph of it; the citizen reads it. Raises
    CASE_NOT_FOUND."""
    await case_of_unit(tx, case_id)
    await cases.saw(tx, case_id, COMPARING)


async def _purpose(tx: Tx, case: Case, purpose: str | None) -> str:
    if purpose is not None and len(purpose.strip()) >= PURPOSE_MIN_CHARS:
        return purpose.strip()
    tasks = await cases.tasks_of(tx.session, case.id)
    work = next((task.kind for task in tasks if task.role in tx.actor.roles), None)
    if case.assigned_to == tx.actor.id or work is not None:
        return WORK_WORDS.get(work or "review", OTHER_WORK)
    raise PURPOSE_NEEDED()


async def _review_view(tx: Tx, case: Case, record: VehicleRecord | None) -> ReviewView:
    ticket = await ticket_of(tx, case.id)
    exhibits = await evidence.exhibits_of(tx.session, case.id)
    device = await cameras.find_device(tx.session, exhibits.captures[0].device_id)
    lifecycles = tx.house[Lifecycles]
    done = await cases.actions_of(tx.session, case.id, tx.actor.id)
    answer = await latest_answer(tx, case.id)
    plate = parse_plate(ticket.plate or "")
    whys = await openings.may_open(tx, case)
    originals = await openings.originals_of(tx, case.id) if whys else []
    hold = await holds.find_hold(tx.session, case.id)
    return ReviewView(
        ticket_id=case.id,
        reference=case.reference,
        state=case.state,
        state_title=lifecycles.of(case).states[case.state].title,
        version=case.version,
        unit=case.unit,
        occurred_at=ticket.occurred_at,
        zone=ZONES[ticket.zone].key,
        zone_label=ticket.zone,
        location=ticket.location,
        violation=ViolationView(ticket.violation_code, ticket.article, Text(ticket.title_id, ticket.title_en)),
        fine=Rupiah(ticket.fine),
        plate=plate.shown if plate else ticket.plate,
        doubtful=ticket.doubtful,
        evidence=evidence.evidence_view(tx.house, exhibits, device, viewer=evidence.Viewer.STAFF, now=tx.now),
        registry=record,
        actions=tuple(cases.allowed_actions(lifecycles, case, tx.actor, done=done)),
        assigned_to=case.assigned_to,
        answer=ticket.answer,  # type: ignore[arg-type]  # written from the same literal
        answer_reason=await _reason(tx, answer),
        attachments=await _attachments(tx, case.id),
        parties=() if case.state in BLIND_STATES else await _people(tx, case.id),
        blind=case.state in BLIND_STATES,
        exemption=await _exemption(tx, case, ticket),
        shield=await shield.shield_of_case(tx, case.id),
        originals=tuple((each.sha256, each.media_type, each.taken_at) for each in originals),
        opening_reasons=tuple(str(each) for each in whys),
        held=hold is not None,
        release_asked=hold is not None and hold.release_asked_at is not None,
        looked_at_again=await second_look.waits_for(tx, case.id),
    )


async def _exemption(tx: Tx, case: Case, ticket: Ticket) -> ExemptionView | None:
    """The rule in sight of whoever decides (UU 22/2009 art. 134-135): no machine judges what a rule leaves to an officer,
    nor anything on a doubtful reading."""
    rule = exemption_for(
        await policy_of(tx, case),
        plate=ticket.plate or "",
        vehicle_kind=str(ticket.vehicle.get("kind") or ""),
        violation=ticket.violation_code,
    )
    return None if rule is None else ExemptionView(rule.code, rule.law, rule.outcome is ExemptionOutcome.EXEMPT)


async def _reason(tx: Tx, answer: Answer | None) -> str | None:
    if answer is None or answer.reason_enc is None:
        return None
    opened = await vault.open_(tx.session, tx.house.keys, answer.key_id, {"reason": answer.reason_enc})
    return opened["reason"]


async def _people(tx: Tx, case_id: UUID) -> tuple[PersonRecord, ...]:
    return tuple([await _record(tx, party) for party in await parties_of(tx, case_id)])


async def _record(tx: Tx, party: Party) -> PersonRecord:
    person = await person_of(tx, party)
    return PersonRecord(role=party.role, **{name: person[name] for name in PERSON_FIELDS})


async def _attachments(tx: Tx, case_id: UUID) -> tuple[AttachmentView, ...]:
    rows = await tx.session.execute(
        select(Attachment).where(col(Attachment.case_id) == case_id).order_by(col(Attachment.at))
    )
    return tuple(
        AttachmentView(each.id, attachments.link_to(tx.house, each, now=tx.now), attachments.kept_type(each), each.at)
        for each in rows.scalars()
    )
