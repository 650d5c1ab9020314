"""What tests of appointments stand on: a unit with hours, cases without a meaning of their own, and the jobs of the room
above, which here only leave their names."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.core.ids import new_reference
from app.core.jobs import DbosEnqueuer, Job
from app.core.problems import Problem
from app.services import appointments, cases, transparency
from app.services.appointments import (
    ATTENDED,
    MISSED,
    NOTHING_DRAWN,
    QUEUE_NEAR,
    SLOT_MISFITS,
    SLOT_OFFERED,
    BookingView,
    KindOf,
    Window,
)
from app.services.appointments.kinds import Appointment
from app.services.transparency.models import Leaf
from app.wiring import JOBS
from tests.services.cases.parcels import SENDER, with_parcels

UNIT, KIND, SERVICE = "PMJ", "prints", "skck-new"
MONDAY = date(2026, 3, 2)  # the tests' clock stands on it, at 10:00 in Jakarta
WEDNESDAY = date(2026, 3, 4)
STAFF = Actor(ActorKind.STAFF, "clerk", frozenset({"counter"}), unit=UNIT)
ABOVE = (SLOT_OFFERED, NOTHING_DRAWN, SLOT_MISFITS, ATTENDED, MISSED, QUEUE_NEAR)


async def _nothing(house: House, case_id: str) -> None:
    """A job of the room above."""


def at(day: date, clock: str) -> datetime:
    """An instant of that day in Jakarta (UTC+7)."""
    hours, minutes = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hours - 7, minutes=minutes)


def fitted(house: House) -> House:
    """The same house, whose cases are parcels, with the jobs of the room above and one service with an appointment."""
    known = {job.name for job in JOBS}
    stubs = [Job(name, _nothing) for name in ABOVE if name not in known]
    house.db.enqueuer = DbosEnqueuer(house.db, (*JOBS, *stubs))
    fitted = with_parcels(house)

    def kind_of(service_code: str) -> Appointment | None:
        return Appointment(KIND, 10) if service_code == SERVICE else None

    return dataclasses.replace(fitted, parts={**fitted.parts, KindOf: kind_of})


def window(weekday: int = 3, opens: str = "08:00", closes: str = "09:00", **values: object) -> Window:
    """Hours on a Wednesday, two places every half an hour, unless told otherwise."""
    minutes = [int(each[:2]) * 60 + int(each[3:]) for each in (opens, closes)]
    usual: dict[str, object] = {
        "minutes": 30,
        "rooms": 2,
        "staff": 2,
        "opens_days_before": 14,
        "valid_from": date(2026, 1, 1),
    }
    return Window(weekday=weekday, opens=minutes[0], closes=minutes[1], **{**usual, **values})  # type: ignore[arg-type]


async def hours(house: House, *windows: Window, unit: str = UNIT, kind: str = KIND) -> Sequence[appointments.Conflict]:
    """Set the unit's hours."""
    async with house.db.begin(STAFF) as tx:
        return await appointments.set_windows(tx, unit, kind, windows=windows)


async def new_cases(house: House, count: int = 1) -> list[UUID]:
    """So many open cases."""
    found = []
    async with house.db.begin(SENDER) as tx:
        for _ in range(count):
            case = await cases.open_case(
                tx, lifecycle="parcel", unit=UNIT, reference=new_reference("APP"), policy_id=None
            )
            found.append(case.id)
    return found


async def hold(
    house: House, case_id: UUID, clock: str = "08:00", day: date = WEDNESDAY, *, minutes: int = 60
) -> BookingView:
    """Hold a slot for so many minutes."""
    async with house.db.begin(SYSTEM) as tx:
        until = tx.now + timedelta(minutes=minutes)
        return await appointments.hold(tx, case_id, unit=UNIT, kind=KIND, starts_at=at(day, clock), until=until)


async def book(house: House, case_id: UUID, clock: str = "08:00", day: date = WEDNESDAY) -> BookingView:
    """Hold a slot and confirm it."""
    await hold(house, case_id, clock, day)
    async with house.db.begin(SYSTEM) as tx:
        return await appointments.confirm(tx, case_id)


async def release(house: House, case_id: UUID, why: str = "cancelled") -> None:
    """Let a place go."""
    async with house.db.begin(SYSTEM) as tx:
        await appointments.release(tx, case_id, why=why)


async def free(house: House, day: date = WEDNESDAY) -> dict[str, int]:
    """The free places of a day by the clock."""
    async with house.db.read() as connection:
        [found] = await appointments.slots(connection, UNIT, KIND, first=day, last=day, now=house.clock.now())
    return {(each.starts_at + timedelta(hours=7)).strftime("%H:%M"): each.free for each in found.slots}


async def state_of(house: House, day: date) -> str:
    """What can be done with a day."""
    async with house.db.read() as connection:
        [found] = await appointments.slots(connection, UNIT, KIND, first=day, last=day, now=house.clock.now())
    return str(found.state)


async def booked(house: House, case_id: UUID) -> BookingView | None:
    """What a case has."""
    async with house.db.read() as connection:
        return await appointments.booking_of(connection, case_id, now=house.clock.now())


async def told(house: House) -> list[tuple[str, Any]]:
    """What the room above was told, by the last argument, and has not been run, in alphabetical order: the queue keeps no finer order."""
    schema = "dbos." if house.db.dialect == "postgresql" else ""
    query = text(
        f"SELECT s.name, coalesce(i.inputs, s.inputs) FROM {schema}workflow_status s LEFT JOIN {schema}workflow_input i "
        "ON i.workflow_uuid = s.workflow_uuid WHERE s.status = 'ENQUEUED'"
    )
    async with house.db.read() as connection:
        rows = (await connection.execute(query)).all()
    return sorted((name, json.loads(inputs)["positionalArgs"][-1]) for name, inputs in rows if name in ABOVE)


async def jobs_waiting(house: House) -> list[str]:
    """The names of the jobs that wait."""
    schema = "dbos." if house.db.dialect == "postgresql" else ""
    async with house.db.read() as connection:
        query = text(f"SELECT name FROM {schema}workflow_status WHERE status = 'ENQUEUED' ORDER BY created_at")
        return list((await connection.execute(query)).scalars())


async def leaves(house: House, kind: str) -> list[dict[str, object]]:
    """What the log holds of this kind, oldest first."""
    async with house.db.read() as connection:
        query = select(col(Leaf.body)).where(col(Leaf.kind) == kind).order_by(col(Leaf.id))
        return [json.loads(body) for body in (await connection.execute(query)).scalars()]


async def other_leaf(house: House) -> None:
    """A record that has nothing to do with it, and a checkpoint that covers it."""
    async with house.db.begin(SYSTEM) as tx:
        await transparency.append(tx, "test", {"number": 1})
    await transparency.sequence(house)


def code(problem: BaseException) -> str:
    """The code of a refusal."""
    assert isinstance(problem, Problem), problem
    return problem.type.code
