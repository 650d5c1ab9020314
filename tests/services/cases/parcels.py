"""The parcel lifecycle's functions and people, shared by the tests of the engine."""

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import Tx
from app.core.house import House
from app.core.problems import ProblemType
from app.core.texts import Text
from app.services import cases
from app.services.cases.models import Case, CaseEvent, WorkItem

FOLDER = Path(__file__).parent / "lifecycles"
UNIT = "METRO"
TOO_LIGHT = ProblemType("test-too-light", 409, Text("Ringan", "Light"), Text("Ringan", "Light"))


def staff(name: str, *roles: str, unit: str = UNIT) -> Actor:
    """A member of staff of the test's unit."""
    return Actor(ActorKind.STAFF, name, frozenset(roles), unit)


SENDER = Actor(ActorKind.CITIZEN, "sender", frozenset({"sender"}))
RECEIVER = Actor(ActorKind.CITIZEN, "receiver", frozenset({"receiver"}))
BANK = Actor(ActorKind.BANK, "bank", frozenset({"bank"}))
ANI, BUDI, CHIEF = staff("ani", "clerk"), staff("budi", "clerk"), staff("chief", "chief")


async def weighed(move: cases.Move) -> None:
    if move.data.get("light"):
        raise TOO_LIGHT()


async def patient(move: cases.Move) -> None:
    if await _delivered_at(move.tx, move.case) is None:
        raise TOO_LIGHT()


async def enough(move: cases.Move) -> None:
    if await _paid(move) < 100:
        raise TOO_LIGHT()


async def short(move: cases.Move) -> None:
    if not 0 < await _paid(move) < 100:
        raise TOO_LIGHT()


async def note(move: cases.Move) -> None:
    await cases.open_task(move.tx, move.case.id, "note", "chief", UNIT, lasts=cases.Lasts.DONE)


async def explode(move: cases.Move) -> None:
    how = move.data.get("explode")
    if how == "sql":
        await move.tx.session.execute(text("SELECT * FROM no_such_table"))
    if how == "problem":
        raise TOO_LIGHT()
    if how:
        raise RuntimeError("boom")


async def late_due(tx: Tx, case: Case) -> datetime:
    return case.opened_at + timedelta(days=3)


async def idle_due(tx: Tx, case: Case) -> datetime:
    return case.entered_at + timedelta(hours=4)


async def answer_due(tx: Tx, case: Case) -> datetime | None:
    delivered = await _delivered_at(tx, case)
    return delivered + timedelta(days=5) if delivered else None


GUARDS = {"parcel.weighed": weighed, "parcel.patient": patient, "parcel.enough": enough, "parcel.short": short}
EFFECTS = {"parcel.note": note, "parcel.explode": explode}
DEADLINES = {"parcel.late_due": late_due, "parcel.idle_due": idle_due, "parcel.answer_due": answer_due}


def with_parcels(house: House) -> House:
    """The same house, in which cases are parcels."""
    lifecycles = cases.load_lifecycles(GUARDS, EFFECTS, DEADLINES, folder=FOLDER)
    return dataclasses.replace(house, parts={**house.parts, cases.Lifecycles: lifecycles})


async def hand_in(house: House, reference: str = "P1") -> UUID:
    """A parcel that was handed in and drawn for Ani."""
    async with house.db.begin(SENDER) as tx:
        case = await cases.open_case(tx, lifecycle="parcel", unit=UNIT, reference=reference, policy_id=None)
    await drawn_among(house, case.id, ANI.id)
    return case.id


async def drawn_among(house: House, case_id: UUID, *pool: str) -> str:
    """Draw among these, to the end; who it is."""
    async with house.db.begin(SYSTEM) as tx:
        await cases.announce_draw(tx, case_id, [cases.Candidate(each) for each in pool])
    await cases.draw_announced(house)
    return str((await load(house, case_id)).assigned_to)


async def act(house: House, who: Actor, case_id: UUID, action: str, **rest: object) -> Case:
    """One move in a transaction of its own."""
    async with house.db.begin(who) as tx:
        return await cases.move(tx, case_id, action, **rest)  # type: ignore[arg-type]


async def sent(house: House, reference: str = "P1") -> UUID:
    """A parcel that Ani has sent."""
    case_id = await hand_in(house, reference)
    await act(house, ANI, case_id, "look")
    await act(house, ANI, case_id, "send")
    return case_id


async def billed(house: House, reference: str = "P1") -> UUID:
    """A parcel that is to be paid for."""
    case_id = await sent(house, reference)
    await act(house, RECEIVER, case_id, "accept")
    return case_id


async def load(house: House, case_id: UUID) -> Case:
    """The case as it is now."""
    async with house.db.begin(SYSTEM) as tx:
        case = await tx.one(Case, case_id)
    assert case is not None
    return case


async def events(house: House, case_id: UUID) -> list[CaseEvent]:
    """Its events in order."""
    async with house.db.begin(SYSTEM) as tx:
        query = select(CaseEvent).where(col(CaseEvent.case_id) == case_id).order_by(col(CaseEvent.seq))
        return list((await tx.session.execute(query)).scalars())


async def open_kinds(house: House, case_id: UUID) -> list[str]:
    """The kinds of its open work items, in alphabetical order."""
    async with house.db.begin(SYSTEM) as tx:
        query = select(WorkItem).where(col(WorkItem.case_id) == case_id, col(WorkItem.closed_at).is_(None))
        return sorted(each.kind for each in (await tx.session.execute(query)).scalars())


async def _delivered_at(tx: Tx, case: Case) -> datetime | None:
    query = select(col(CaseEvent.as_of)).where(
        col(CaseEvent.case_id) == case.id, col(CaseEvent.action) == "prove_delivery"
    )
    return (await tx.session.execute(query.order_by(col(CaseEvent.seq)))).scalars().first()


async def _paid(move: cases.Move) -> int:
    query = select(CaseEvent).where(col(CaseEvent.case_id) == move.case.id, col(CaseEvent.action) == "pay")
    paid = (await move.tx.session.execute(query)).scalars()
    return sum(int(str(each.data.get("amount", 0))) for each in paid)
